package dev.memlane.orchestrator;

import org.jspecify.annotations.Nullable;

/**
 * The explanation of a hit's score, which is {@code (own() + lent) * recency}, or the re-ranker's score.
 *
 * @param semantic the part by meaning; null if the hit is not among the nearest
 * @param lexical the part by words; null if the hit is not among the best by words
 * @param lent the score added by its neighbours in its run
 * @param recency the factor for the hit's age: 1 for the present, less for older memories
 * @param reranked the re-ranker's score, which replaces all others; null without a re-ranker
 */
public record Explanation(@Nullable Part semantic, @Nullable Part lexical, double lent, double recency,
    @Nullable Double reranked) {

  /**
   * The part of one kind of search.
   *
   * @param rank 1 for the best of its kind
   * @param score the raw score: the cosine between the vectors, or BM25
   * @param share the part of the hit's score that comes from it
   */
  public record Part(int rank, double score, double share) {}

  /** The score by meaning and by words together, in [0, 1]. */
  public double own() {
    return Math.clamp((semantic == null ? 0 : semantic.share()) + (lexical == null ? 0 : lexical.share()), 0, 1);
  }
}
