package dev.memlane.orchestrator;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Reranker;
import dev.memlane.model.SearchPart;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The order of a search's hits.
 *
 * @param fusion how hits by meaning and hits by words are combined
 * @param semanticWeight the weight of meaning if both kinds found something, 0 to 1; the rest is the weight of words
 * @param context whether memories that follow one another in a run lend each other of their score
 * @param recency the preference for recent memories; null for none
 * @param diversity how much a hit loses for similarity to the hits before it, 0 (nothing) to below 1
 * @param reranker the model that scores the best hits again; null for none
 * @param reranked how many hits the re-ranker scores, at least as many as are to be returned; 1 to {@value SearchRequest#MOST}
 * @param without the parts of a search that are left out
 */
public record Ranking(FusionMethod fusion, double semanticWeight, boolean context, @Nullable Recency recency,
    double diversity, @Nullable Reranker reranker, int reranked, Set<SearchPart> without) {

  /** The default weight of meaning. Measured: 0.4 to 0.6 find about equally much. */
  public static final double SEMANTIC_WEIGHT = 0.5;
  /** The default number of hits that a re-ranker scores. */
  public static final int RERANKED = 50;
  /** The default ranking. */
  public static final Ranking DEFAULT = new Ranking(FusionMethod.WEIGHTED_SCORES, SEMANTIC_WEIGHT, true, null, 0, null,
      RERANKED);

  /** A ranking that leaves nothing out. */
  public Ranking(FusionMethod fusion, double semanticWeight, boolean context, @Nullable Recency recency,
      double diversity, @Nullable Reranker reranker, int reranked) {
    this(fusion, semanticWeight, context, recency, diversity, reranker, reranked, Set.of());
  }

  /**
   * @throws InvalidInputException if a value is out of its range
   */
  public Ranking {
    without = Set.copyOf(without);
    if (!(semanticWeight >= 0 && semanticWeight <= 1)) {
      throw new InvalidInputException("the weight of meaning is " + semanticWeight + "; it must be 0 to 1");
    }
    if (!(diversity >= 0 && diversity < 1)) {
      throw new InvalidInputException("the diversity is " + diversity + "; it must be 0 or more, and less than 1");
    }
    if (reranked < 1 || reranked > SearchRequest.MOST) {
      throw new InvalidInputException(
          "the re-ranker is to score " + reranked + " hits; it must be 1 to " + SearchRequest.MOST);
    }
  }
}
