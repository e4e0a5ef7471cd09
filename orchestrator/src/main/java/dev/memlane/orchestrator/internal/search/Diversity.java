package dev.memlane.orchestrator.internal.search;

import dev.memlane.model.Embedding;
import dev.memlane.model.MemoryId;
import dev.memlane.orchestrator.internal.search.SearchHandler.Found;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The selection of hits that are good and unlike each other, by maximal marginal relevance (Carbonell and Goldstein, 1998). */
final class Diversity {

  private Diversity() {}

  /**
   * Picks hits one after the other: each time the one with the best score after a deduction for its similarity to those
   * picked before.
   *
   * @param found the hits, best first
   * @param vectors the vectors of the hits; a hit without one counts as unlike all others
   * @param limit how many hits to pick at most
   * @param diversity the weight of similarity, 0 to 1
   */
  static List<Found> pick(List<Found> found, Map<MemoryId, Embedding> vectors, int limit, double diversity) {
    List<Found> left = new ArrayList<>(found);
    double[] similarity = new double[left.size()];
    List<Found> picked = new ArrayList<>();
    while (picked.size() < limit && !left.isEmpty()) {
      int best = 0;
      for (int i = 1; i < left.size(); i++) {
        if (value(left.get(i), similarity[i], diversity) > value(left.get(best), similarity[best], diversity)) {
          best = i;
        }
      }
      Found next = left.remove(best);
      System.arraycopy(similarity, best + 1, similarity, best, left.size() - best);
      picked.add(next);
      Embedding vector = vectors.get(next.memory().id());
      for (int i = 0; i < left.size(); i++) {
        similarity[i] = Math.max(similarity[i], cosine(vector, vectors.get(left.get(i).memory().id())));
      }
    }
    return picked;
  }

  private static double value(Found one, double similarity, double diversity) {
    return (1 - diversity) * one.score() - diversity * similarity;
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
