package dev.memlane.orchestrator.internal.search;

import dev.memlane.model.SearchPart;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexHits.Traits;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * The factors by which a memory counts less because of what it is: who said it, when, how short it is, and whether it
 * asks. Each is in (0, 1], and 1 where nothing is known or nothing was asked for.
 */
final class TraitFactors {

  /** For memories by others than the question names. */
  private static final double OTHERS = 0.7;
  /** For memories of another time than the question names. */
  private static final double OTHER_TIMES = 0.5;
  /** For memories that end with a question mark: they ask, and are seldom the answer. */
  private static final double ASKING = 0.85;
  /** The power of a memory's length as a share of the median. At a tenth of the median, the factor is 0.71. */
  private static final double SHORTNESS = 0.15;

  private final Question question;
  private final int medianWords;
  private final Set<SearchPart> without;

  /**
   * @param medianWords the median of the lengths of the scopes' memories; 0 if it is not known
   * @param without the factors that are left out
   */
  TraitFactors(Question question, int medianWords, Set<SearchPart> without) {
    this.question = question;
    this.medianWords = medianWords;
    this.without = without;
  }

  /** The factors of a memory that are not 1. */
  Map<SearchPart, Double> of(IndexHit hit) {
    Map<SearchPart, Double> factors = new EnumMap<>(SearchPart.class);
    Traits traits = hit.traits();
    if (!question.actors().isEmpty() && traits.actor() != null && !question.actors().has(traits.actor())) {
      add(factors, SearchPart.ACTORS, OTHERS);
    }
    if (!question.times().isEmpty()) {
      add(factors, SearchPart.TIMES, OTHER_TIMES + (1 - OTHER_TIMES) * question.times().nearness(hit.time()));
    }
    if (traits.words() > 0 && traits.words() < medianWords) {
      add(factors, SearchPart.SHORT_TEXTS, Math.pow((double) traits.words() / medianWords, SHORTNESS));
    }
    if (traits.question()) {
      add(factors, SearchPart.QUESTIONS, ASKING);
    }
    return factors;
  }

  private void add(Map<SearchPart, Double> factors, SearchPart part, double factor) {
    if (factor < 1 && !without.contains(part)) {
      factors.put(part, factor);
    }
  }
}
