package dev.memlane.orchestrator;

import dev.memlane.model.SearchPart;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The explanation of a hit's score, which is {@code (own() + lent + lentByRun) * recency} times all {@code factors}, or the
 * re-ranker's score.
 *
 * @param semantic the part by meaning; null if the hit is not among the nearest
 * @param lexical the part by words; null if the hit is not among the best by words
 * @param lent the score added by its neighbours in its run
 * @param lentByRun the score added by the best of its run
 * @param factors the factors for what the memory is, each in (0, 1); those that are 1 are left out
 * @param recency the factor for the hit's age: 1 for the present, less for older memories
 * @param reranked the re-ranker's score, which replaces all others; null without a re-ranker
 */
public record Explanation(@Nullable Part semantic, @Nullable Part lexical, double lent, double lentByRun,
    Map<SearchPart, Double> factors, double recency, @Nullable Double reranked) {

  /**
   * The part of one kind of search.
   *
   * @param rank 1 for the best of its kind
   * @param score the raw score: the cosine between the vectors, or BM25
   * @param share the part of the hit's score that comes from it
   */
  public record Part(int rank, double score, double share) {}

  public Explanation {
    // Null if it was read from what an older server wrote.
    factors = factors == null || factors.isEmpty() ? Map.of() : Collections.unmodifiableMap(new EnumMap<>(factors));
  }

  /** An explanation without a run's lending and without factors. */
  public Explanation(@Nullable Part semantic, @Nullable Part lexical, double lent, double recency,
      @Nullable Double reranked) {
    this(semantic, lexical, lent, 0, Map.of(), recency, reranked);
  }

  /** The score by meaning and by words together, in [0, 1]. */
  public double own() {
    return Math.clamp((semantic == null ? 0 : semantic.share()) + (lexical == null ? 0 : lexical.share()), 0, 1);
  }

  /** The score before a re-ranker, in [0, 1]. */
  public double fused() {
    double product = recency;
    for (double factor : factors.values()) {
      product *= factor;
    }
    return Math.clamp((own() + lent + lentByRun) * product, 0, 1);
  }

  /** The same explanation with a re-ranker's score. */
  public Explanation withReranked(double score) {
    return new Explanation(semantic, lexical, lent, lentByRun, factors, recency, score);
  }
}
