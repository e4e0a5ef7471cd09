package dev.memlane.orchestrator;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Reranker;
import org.jspecify.annotations.Nullable;

/**
 * How a search puts what it has found in order.
 *
 * @param fusion how the two kinds of hits are joined
 * @param semanticWeight the share of meaning where both kinds found something, 0 to 1; the rest is that of words
 * @param context whether memories that follow one another in a run lend each other of their score
 * @param recency prefers what happened lately; null for no difference
 * @param diversity how much a hit loses by being like those before it, 0 (nothing) to below 1
 * @param reranker looks at the best hits again; null for none
 * @param reranked how many hits it looks at, at least as many as are to be returned; 1 to {@value SearchRequest#MOST}
 */
public record Ranking(FusionMethod fusion, double semanticWeight, boolean context, @Nullable Recency recency,
    double diversity, @Nullable Reranker reranker, int reranked) {

  /** Chosen by measurement: words tell a little more than the meaning that a small model sees. */
  public static final double SEMANTIC_WEIGHT = 0.4;
  /** How many hits a re-ranker looks at unless told otherwise. */
  public static final int RERANKED = 50;
  /** What searches use unless told otherwise. */
  public static final Ranking DEFAULT = new Ranking(FusionMethod.WEIGHTED_SCORES, SEMANTIC_WEIGHT, true, null, 0, null,
      RERANKED);

  /**
   * @throws InvalidInputException if a value is out of its range
   */
  public Ranking {
    if (!(semanticWeight >= 0 && semanticWeight <= 1)) {
      throw new InvalidInputException("the weight of meaning is " + semanticWeight + "; it must be 0 to 1");
    }
    if (!(diversity >= 0 && diversity < 1)) {
      throw new InvalidInputException("the diversity is " + diversity + "; it must be 0 or more, and less than 1");
    }
    if (reranked < 1 || reranked > SearchRequest.MOST) {
      throw new InvalidInputException(
          "the re-ranker is to look at " + reranked + " hits; it must be 1 to " + SearchRequest.MOST);
    }
  }
}
