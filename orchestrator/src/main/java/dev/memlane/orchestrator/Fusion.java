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
 */
final class Fusion {

  /** The share of meaning; the rest is that of words. */
  private static final double SEMANTIC_WEIGHT = 0.5;

  private Fusion() {}

  /** A document with its score in [0, 1]. */
  record Candidate(MemoryId memory, ContentHash contentHash, double score) {}

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
    scores.forEach((key, score) -> candidates.add(new Candidate(key.memory, key.hash, Math.clamp(score, 0, 1))));
    candidates.sort(Comparator.comparingDouble(Candidate::score).reversed().thenComparing(Candidate::memory));
    return candidates;
  }

  private record IndexKey(MemoryId memory, ContentHash hash) {}
}
