package dev.memlane.model.store;

import dev.memlane.model.ContentHash;
import dev.memlane.model.MemoryId;
import dev.memlane.model.TimePosition;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * What the index found, before core is asked.
 *
 * @param semantic by meaning, nearest first; scores are (1 + cosine) / 2, in [0, 1]
 * @param lexical by words, best first; scores are BM25's, above 0
 * @param runs the memories of the runs that the best of these belong to, run by run, in order of {@link TimePosition};
 * empty if they were not asked for
 * @param exhausted whether there are no more documents of either kind beyond these
 * @param held the documents of {@link IndexQuery#documents} that stand in the same view of the index
 */
public record IndexHits(List<IndexHit> semantic, List<IndexHit> lexical, List<List<MemoryId>> runs, boolean exhausted,
    Set<DocumentName> held) {

  /** Nothing found. */
  public static final IndexHits NONE = new IndexHits(List.of(), List.of(), List.of(), true);

  public IndexHits {
    held = Set.copyOf(held);
    semantic = List.copyOf(semantic);
    lexical = List.copyOf(lexical);
    runs = List.copyOf(runs);
  }

  /** What was found by a query that asked for no document by its name. */
  public IndexHits(List<IndexHit> semantic, List<IndexHit> lexical, List<List<MemoryId>> runs, boolean exhausted) {
    this(semantic, lexical, runs, exhausted, Set.of());
  }

  /**
   * One document found.
   *
   * @param time when what it tells of happened, or else when it was accepted
   */
  public record IndexHit(DocumentName name, ContentHash contentHash, Instant time, float score) {}
}
