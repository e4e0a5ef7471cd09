package dev.memlane.model.store;

import dev.memlane.model.ContentHash;
import dev.memlane.model.MemoryId;
import dev.memlane.model.TimePosition;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The index's answer to a query.
 *
 * @param semantic the hits by meaning, nearest first; scores are (1 + cosine) / 2, in [0, 1]
 * @param lexical the hits by words, best first; scores are BM25's, above 0
 * @param runs the memories of the runs of the best hits, run by run, in order of {@link TimePosition}; empty if they
 * were not requested
 * @param exhausted whether there are no more documents of either kind
 * @param held the documents of {@link IndexQuery#documents} that exist in the same view of the index
 * @param medianWords the median of the lengths of the scopes' memories, in words; 0 if it is not known
 */
public record IndexHits(List<IndexHit> semantic, List<IndexHit> lexical, List<List<MemoryId>> runs, boolean exhausted,
    Set<DocumentName> held, int medianWords) {

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
    this(semantic, lexical, runs, exhausted, Set.of(), 0);
  }

  /** Creates an answer that knows no median. */
  public IndexHits(List<IndexHit> semantic, List<IndexHit> lexical, List<List<MemoryId>> runs, boolean exhausted,
      Set<DocumentName> held) {
    this(semantic, lexical, runs, exhausted, held, 0);
  }

  /** The same answer, without the documents that fit a condition. */
  public IndexHits without(Predicate<DocumentName> removed) {
    return new IndexHits(without(semantic, removed), without(lexical, removed), runs, exhausted,
        held.stream().filter(removed.negate()).collect(Collectors.toSet()), medianWords);
  }

  private static List<IndexHit> without(List<IndexHit> hits, Predicate<DocumentName> removed) {
    return hits.stream().filter(hit -> !removed.test(hit.name())).toList();
  }

  /**
   * One document found.
   *
   * @param time when the memory's event happened, or else when the memory was accepted
   * @param traits what else is known of the memory
   */
  public record IndexHit(DocumentName name, ContentHash contentHash, Instant time, float score, Traits traits) {

    /** Creates a hit of which nothing else is known. */
    public IndexHit(DocumentName name, ContentHash contentHash, Instant time, float score) {
      this(name, contentHash, time, score, Traits.NONE);
    }
  }

  /**
   * The traits of a memory that its place in a ranking depends on, besides its vector and its words.
   *
   * @param actor the words of its actor's name, as {@link dev.memlane.model.ActorName} has them; null if it has no
   * actor, or the index doesn't know it
   * @param run the identity of its run; null if it is in none
   * @param words how many words it has, without stop words; 0 if that is not known
   * @param question whether it ends with a question mark
   */
  public record Traits(@Nullable String actor, @Nullable UUID run, int words, boolean question) {

    /** Nothing is known. */
    public static final Traits NONE = new Traits(null, null, 0, false);
  }
}
