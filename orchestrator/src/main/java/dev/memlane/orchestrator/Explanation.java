package dev.memlane.orchestrator;

import org.jspecify.annotations.Nullable;

/**
 * How a hit came to its score: {@code (own() + lent) * recency}, or what a re-ranker says.
 *
 * @param semantic what it has by meaning; null if it is not among the nearest
 * @param lexical what it has by words; null if it is not among those with most of the words
 * @param lent what its neighbours in its run have added
 * @param recency what the sum is multiplied with: 1 for the present, less for what is older
 * @param reranked the re-ranker's score, which then counts alone; null without one
 */
public record Explanation(@Nullable Part semantic, @Nullable Part lexical, double lent, double recency,
    @Nullable Double reranked) {

  /**
   * What one kind of search says.
   *
   * @param rank 1 for the best of its kind
   * @param score by its own measure: the cosine of the angle between the vectors, or BM25
   * @param share what it adds to the hit's score
   */
  public record Part(int rank, double score, double share) {}

  /** What it has by meaning and by words, together, in [0, 1]. */
  public double own() {
    return own(semantic, lexical);
  }

  static double own(@Nullable Part semantic, @Nullable Part lexical) {
    return Math.clamp((semantic == null ? 0 : semantic.share()) + (lexical == null ? 0 : lexical.share()), 0, 1);
  }

  /** The score before a re-ranker has looked at it, in [0, 1]. */
  double fused() {
    return Math.clamp((own() + lent) * recency, 0, 1);
  }

  Explanation reranked(double score) {
    return new Explanation(semantic, lexical, lent, recency, score);
  }
}
