package dev.memlane.model.store;

import dev.memlane.model.ContentHash;
import dev.memlane.model.MemoryId;
import dev.memlane.model.TimePosition;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * The index's answer to a query.
 *
 * @param semantic the hits by meaning, nearest first; scores are (1 + cosine) / 2, in [0, 1]
 * @param lexical the hits by words, best first; scores are BM25's, above 0
 * @param runs the memories of the runs of the best hits, run by run, in order of {@link TimePosition}; empty if they
 * were not requested
 * @param exhausted whether there are no more documents of either kind
 * @param held the documents of {@link IndexQuery#documents} that exist in the same view of the index
 */
public record IndexHits(List<IndexHit> semantic, List<IndexHit> lexical, List<List<MemoryId>> runs, boolean exhausted,
    Set<DocumentName> held) {

  /** The answer without hits. */
  public static final IndexHits NONE = new IndexHits(List.of(), List.of(), List.of(), true);

  public IndexHits {
    held = Set.copyOf(held);
    semantic = List.copyOf(semantic);
    lexical = List.copyOf(lexical);
    runs = List.copyOf(runs);
  }

  /** Creates an answer to a query without documents to look up. */
  public IndexHits(List<IndexHit> semantic, List<IndexHit> lexical, List<List<MemoryId>> runs, boolean exhausted) {
    this(semantic, lexical, runs, exhausted, Set.of());
  }

  /**
   * One document found.
   *
   * @param time when the memory's event happened, or else when the memory was accepted
   */
  public record IndexHit(DocumentName name, ContentHash contentHash, Instant time, float score) {}
}
