package dev.memlane.orchestrator;

import dev.memlane.model.ContentHash;
import dev.memlane.model.IndexHits;
import dev.memlane.model.IndexHits.IndexHit;
import dev.memlane.model.MemoryId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Joins what was found by meaning and by words into one ranking: a weighted sum of the two scores, each normalised to
 * [0, 1] within its list. A memory that only one of them found has 0 by the other.
 *
 * <p>
 * Weighted sums keep how much better one hit is than the next, which reciprocal ranks lose.
 *
 * <p>
 * Memories that follow one another in a run lend each other of their score, because what answers a question is often said
 * beside the words that match it. Each lends a share to the next two on either side; what is lent and what a memory has by
 * itself are joined as chances are, 1 - (1 - a)(1 - b), so that a score stays within [0, 1] and none gets less. Where nothing was found
 * by words, nothing is lent: similarities alone tell all from each other too little to be passed on.
 */
final class Fusion {

  /** The share of meaning; the rest is that of words. */
  private static final double SEMANTIC_WEIGHT = 0.4;
  /** What is lent to the first and to the second on either side. */
  private static final double[] LENT = {0.4, 0.2};

  private Fusion() {}

  /**
   * A document.
   *
   * @param own its score by itself, in [0, 1]
   * @param score its score with what is lent to it, in [0, 1]
   */
  record Candidate(MemoryId memory, ContentHash contentHash, double own, double score) {}

  /** The candidates, best first. A memory of which several documents stand may be there more than once. */
  static List<Candidate> fuse(IndexHits hits) {
    boolean both = !hits.semantic().isEmpty() && !hits.lexical().isEmpty();
    Map<IndexKey, Double> scores = new HashMap<>();
    double nearest = hits.semantic().isEmpty() ? 1 : hits.semantic().getFirst().score();
    double farthest = hits.semantic().isEmpty() ? 0 : hits.semantic().getLast().score();
    for (IndexHit hit : hits.semantic()) {
      // Alone, similarity keeps its own scale; beside words it is stretched, because cosines lie close together.
      double score = !both ? hit.score() : nearest > farthest ? (hit.score() - farthest) / (nearest - farthest) : 1;
      scores.merge(new IndexKey(hit.name().memory(), hit.contentHash()), both ? SEMANTIC_WEIGHT * score : score,
          Math::max);
    }
    double best = hits.lexical().isEmpty() ? 1 : hits.lexical().getFirst().score();
    Map<IndexKey, Double> byWords = new HashMap<>();
    for (IndexHit hit : hits.lexical()) {
      double score = hit.score() / best;
      byWords.merge(new IndexKey(hit.name().memory(), hit.contentHash()), both ? (1 - SEMANTIC_WEIGHT) * score : score,
          Math::max);
    }
    byWords.forEach((key, score) -> scores.merge(key, score, Double::sum));
    List<Candidate> candidates = new ArrayList<>(scores.size());
    Map<MemoryId, Double> own = new HashMap<>();
    scores.forEach((key, score) -> own.merge(key.memory, Math.clamp(score, 0, 1), Math::max));
    Map<MemoryId, Double> left = new HashMap<>();
    if (!hits.lexical().isEmpty()) {
      hits.runs().forEach(run -> lend(run, own, left));
    }
    scores.forEach((key, score) -> {
      double itself = Math.clamp(score, 0, 1);
      candidates
          .add(new Candidate(key.memory, key.hash, itself, 1 - (1 - itself) * left.getOrDefault(key.memory, 1.0)));
    });
    candidates.sort(Comparator.comparingDouble(Candidate::score).reversed().thenComparing(Candidate::memory));
    return candidates;
  }

  /** For each memory of a run, what is left of the way to 1 after what the others lend to it. */
  private static void lend(List<MemoryId> run, Map<MemoryId, Double> own, Map<MemoryId, Double> left) {
    for (int lender = 0; lender < run.size(); lender++) {
      double score = own.getOrDefault(run.get(lender), 0.0);
      for (int distance = 1; score > 0 && distance <= LENT.length; distance++) {
        double rest = 1 - LENT[distance - 1] * score;
        if (lender >= distance) {
          left.merge(run.get(lender - distance), rest, (one, other) -> one * other);
        }
        if (lender + distance < run.size()) {
          left.merge(run.get(lender + distance), rest, (one, other) -> one * other);
        }
      }
    }
  }

  private record IndexKey(MemoryId memory, ContentHash hash) {}
}
