package dev.memlane.orchestrator.internal.search;

import dev.memlane.model.MemoryId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The scores that memories of a run lend to each other, because an answer is often given next to the words that match the
 * question, and in the conversation that is about it.
 *
 * <p>
 * Each memory lends a share of its score to the next two on either side, and a run lends a share of the mean of its three
 * best scores to all its members. Lent and own scores are joined as chances are, 1 - (1 - a)(1 - b), so a score stays within
 * [0, 1] and none gets smaller. Lending is among candidates only. Used by one thread.
 */
final class Lending {

  /** The shares lent to the first and to the second memory on either side. */
  private static final double[] TO_NEIGHBOURS = {0.4, 0.2};
  private static final double TO_MEMBERS = 0.3;
  private static final int BEST_OF_RUN = 3;

  private final Map<MemoryId, Double> own = new HashMap<>();
  /** What is left of the way to 1 after the scores that neighbours lend. */
  private final Map<MemoryId, Double> left = new HashMap<>();
  private final Map<UUID, List<Double>> runs = new HashMap<>();

  /** Adds a candidate: a memory, or one of its documents. */
  void add(MemoryId memory, double score) {
    own.merge(memory, score, Math::max);
  }

  /** Adds the score of a run's member. */
  void addToRun(UUID run, double score) {
    runs.computeIfAbsent(run, key -> new ArrayList<>()).add(score);
  }

  /** Lends among the neighbours of a run, whose memories are given in order. Follows all {@link #add}. */
  void lend(List<MemoryId> run) {
    for (int lender = 0; lender < run.size(); lender++) {
      double score = own.getOrDefault(run.get(lender), 0.0);
      for (int distance = 1; score > 0 && distance <= TO_NEIGHBOURS.length; distance++) {
        double rest = 1 - TO_NEIGHBOURS[distance - 1] * score;
        if (lender >= distance) {
          left.merge(run.get(lender - distance), rest, (one, other) -> one * other);
        }
        if (lender + distance < run.size()) {
          left.merge(run.get(lender + distance), rest, (one, other) -> one * other);
        }
      }
    }
  }

  /** What neighbours lend to a memory, as a chance. */
  double ofNeighbours(MemoryId memory) {
    return 1 - left.getOrDefault(memory, 1.0);
  }

  /** What each run lends to its members, as a chance. */
  Map<UUID, Double> ofRuns() {
    Map<UUID, Double> lent = new HashMap<>();
    runs.forEach((run, scores) -> {
      scores.sort(Comparator.reverseOrder());
      double best = scores.stream().limit(BEST_OF_RUN).mapToDouble(Double::doubleValue).sum();
      lent.put(run, TO_MEMBERS * best / BEST_OF_RUN);
    });
    return lent;
  }
}
