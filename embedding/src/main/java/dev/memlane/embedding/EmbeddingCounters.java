package dev.memlane.embedding;

import java.util.concurrent.atomic.LongAdder;

/** The counters behind {@link EmbeddingStats}, which says what each one counts. */
final class EmbeddingCounters {
  final LongAdder requests = new LongAdder();
  final LongAdder retries = new LongAdder();
  final LongAdder embedded = new LongAdder();
  final LongAdder failed = new LongAdder();
  final LongAdder refused = new LongAdder();
  final LongAdder hits = new LongAdder();
  final LongAdder misses = new LongAdder();
  final LongAdder coalesced = new LongAdder();
}
