package dev.memlane.perf.tests.scenario;

import dev.memlane.embedding.BatchingEmbedder;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** A caller that keeps this many different texts in flight to an embedder until it is closed. */
final class EndlessTexts implements AutoCloseable {

  private final BatchingEmbedder embedder;
  private final AtomicLong number = new AtomicLong();
  private final LongAdder done = new LongAdder();
  private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private volatile boolean ended;

  /** @param embedder is closed together with this */
  EndlessTexts(BatchingEmbedder embedder, int outstanding) {
    this.embedder = embedder;
    for (int i = 0; i < outstanding; i++) {
      next();
    }
  }

  private void next() {
    String text = "the text of number " + number.getAndIncrement() + ", which no other caller has";
    var unused = embedder.embed(text).whenComplete((embedding, failure) -> {
      if (ended) {
        return;
      }
      if (failure == null) {
        done.increment();
      } else {
        failures.add(failure);
      }
      next();
    });
  }

  /** The number of texts that have been embedded. */
  long done() {
    return done.sum();
  }

  int failures() {
    return failures.size();
  }

  @Nullable
  Throwable firstFailure() {
    return failures.peek();
  }

  /** Returns how many texts are embedded per second, measured for this time. */
  double perSecond(long nanos) throws InterruptedException {
    long before = done();
    long begun = System.nanoTime();
    Thread.sleep(nanos / 1_000_000, (int) (nanos % 1_000_000));
    return (done() - before) / ((System.nanoTime() - begun) / 1e9);
  }

  @Override
  public void close() {
    ended = true;
    embedder.close();
  }
}
