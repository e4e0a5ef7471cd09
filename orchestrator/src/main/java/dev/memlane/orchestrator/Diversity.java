package dev.memlane.orchestrator;

import dev.memlane.model.Embedding;
import dev.memlane.model.MemoryId;
import dev.memlane.orchestrator.SearchHandler.Found;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Picks hits that are good and unlike each other: maximal marginal relevance (Carbonell and Goldstein, 1998). */
final class Diversity {

  private Diversity() {}

  /**
   * Picks one after the other, each time what is best after a share has been taken off for its likeness to what was picked.
   *
   * @param found best first
   * @param vectors those of the hits, as far as there are; one without counts as unlike all others
   * @param diversity the share of likeness, 0 to 1
   */
  static List<Found> pick(List<Found> found, Map<MemoryId, Embedding> vectors, int limit, double diversity) {
    List<Found> left = new ArrayList<>(found);
    double[] likeness = new double[left.size()];
    List<Found> picked = new ArrayList<>();
    while (picked.size() < limit && !left.isEmpty()) {
      int best = 0;
      for (int i = 1; i < left.size(); i++) {
        if (value(left.get(i), likeness[i], diversity) > value(left.get(best), likeness[best], diversity)) {
          best = i;
        }
      }
      Found next = left.remove(best);
      System.arraycopy(likeness, best + 1, likeness, best, left.size() - best);
      picked.add(next);
      Embedding vector = vectors.get(next.memory().id());
      for (int i = 0; i < left.size(); i++) {
        likeness[i] = Math.max(likeness[i], cosine(vector, vectors.get(left.get(i).memory().id())));
      }
    }
    return picked;
  }

  private static double value(Found one, double likeness, double diversity) {
    return (1 - diversity) * one.score() - diversity * likeness;
  }

  private static double cosine(@Nullable Embedding one, @Nullable Embedding other) {
    if (one == null || other == null) {
      return 0;
    }
    double product = 0;
    double squares = 0;
    double otherSquares = 0;
    for (int i = 0; i < one.dimension(); i++) {
      double x = one.vector()[i];
      double y = other.vector()[i];
      product += x * y;
      squares += x * x;
      otherSquares += y * y;
    }
    return product / Math.sqrt(squares * otherSquares);
  }
}
