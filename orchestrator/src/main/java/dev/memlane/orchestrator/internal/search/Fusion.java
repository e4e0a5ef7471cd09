package dev.memlane.orchestrator.internal.search;

import dev.memlane.model.ContentHash;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.orchestrator.Explanation;
import dev.memlane.orchestrator.FusionMethod;
import dev.memlane.orchestrator.Ranking;
import dev.memlane.orchestrator.Recency;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The fusion of hits by meaning and hits by words into one ranking: a weighted sum. A memory found by only one of the two
 * scores 0 by the other.
 *
 * <p>
 * Memories that follow one another in a run lend each other of their score, because an answer is often given next to the
 * words that match the question. Each memory lends a share to the next two on either side. Lent and own scores are combined
 * like probabilities, 1 - (1 - a)(1 - b), so a score stays within [0, 1] and none gets smaller. If nothing was found by words,
 * nothing is lent: similarities alone differ too little between memories.
 */
final class Fusion {

  /** The shares lent to the first and to the second memory on either side. */
  private static final double[] LENT = {0.4, 0.2};
  /** The constant of reciprocal rank fusion as its authors chose it: the larger, the less the first ranks differ. */
  private static final int RANK_OFFSET = 60;

  private Fusion() {}

  /**
   * A document found by a search.
   *
   * @param score in [0, 1]
   * @param explanation how the score came about
   */
  record Candidate(MemoryId memory, ContentHash contentHash, double score, Explanation explanation) {}

  /** Fuses hits into candidates, best first. A memory with several documents may appear more than once. */
  static List<Candidate> fuse(IndexHits hits, Ranking ranking, Instant now) {
    Map<IndexKey, Found> found = new LinkedHashMap<>();
    boolean both = !hits.semantic().isEmpty() && !hits.lexical().isEmpty();
    double weight = both ? ranking.semanticWeight() : hits.semantic().isEmpty() ? 0 : 1;
    boolean byRank = ranking.fusion() == FusionMethod.RECIPROCAL_RANKS;

    List<IndexHit> near = hits.semantic();
    IntToDoubleFunction nearness = byRank ? Fusion::reciprocal : both ? stretched(near) : i -> near.get(i).score();
    for (int i = 0; i < near.size(); i++) {
      Found one = found.computeIfAbsent(key(near.get(i)), key -> new Found());
      if (one.semantic == null) {
        one.time = near.get(i).time();
        one.semantic = new Explanation.Part(i + 1, 2.0 * near.get(i).score() - 1, weight * nearness.applyAsDouble(i));
      }
    }
    List<IndexHit> worded = hits.lexical();
    IntToDoubleFunction wording = byRank
        ? Fusion::reciprocal
        : i -> (double) worded.get(i).score() / worded.getFirst().score();
    for (int i = 0; i < worded.size(); i++) {
      Found one = found.computeIfAbsent(key(worded.get(i)), key -> new Found());
      if (one.lexical == null) {
        one.time = worded.get(i).time();
        one.lexical = new Explanation.Part(i + 1, worded.get(i).score(), (1 - weight) * wording.applyAsDouble(i));
      }
    }
    return ranked(found, hits, ranking, now);
  }

  private static List<Candidate> ranked(Map<IndexKey, Found> found, IndexHits hits, Ranking ranking, Instant now) {
    Map<MemoryId, Double> left = new HashMap<>();
    if (ranking.context() && !hits.lexical().isEmpty()) {
      Map<MemoryId, Double> own = new HashMap<>();
      found.forEach((key, one) -> own.merge(key.memory, one.own(), Math::max));
      hits.runs().forEach(run -> lend(run, own, left));
    }
    Recency recency = ranking.recency();
    List<Candidate> candidates = new ArrayList<>(found.size());
    found.forEach((key, one) -> {
      double lent = (1 - one.own()) * (1 - left.getOrDefault(key.memory, 1.0));
      double factor = recency == null ? 1 : factor(recency, one.time, now);
      Explanation explanation = new Explanation(one.semantic, one.lexical, lent, factor, null);
      candidates.add(new Candidate(key.memory, key.hash, fused(explanation), explanation));
    });
    candidates.sort(Comparator.comparingDouble(Candidate::score).reversed().thenComparing(Candidate::memory));
    return candidates;
  }

  private static double fused(Explanation explanation) {
    return Math.clamp((explanation.own() + explanation.lent()) * explanation.recency(), 0, 1);
  }

  /** The factor for a memory's age, in [1 - weight, 1]. */
  private static double factor(Recency recency, Instant time, Instant now) {
    Duration age = Duration.between(time, now);
    double halfLives = age.isNegative() ? 0 : seconds(age) / seconds(recency.halfLife());
    return 1 - recency.weight() + recency.weight() * Math.pow(2, -halfLives);
  }

  private static double seconds(Duration duration) {
    return duration.toSeconds() + duration.toNanosPart() / 1e9;
  }

  /** Similarities scaled from the farthest hit (0) to the nearest (1), for the sum with words: cosines lie close together. */
  private static IntToDoubleFunction stretched(List<IndexHit> near) {
    double nearest = near.getFirst().score();
    double farthest = near.getLast().score();
    return i -> nearest > farthest ? (near.get(i).score() - farthest) / (nearest - farthest) : 1;
  }

  /** The reciprocal rank, scaled to 1 for the first. */
  private static double reciprocal(int index) {
    return (RANK_OFFSET + 1.0) / (RANK_OFFSET + 1 + index);
  }

  /** Multiplies, for each memory of a run, what is left of the way to 1 after the scores that others lend to it. */
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

  private static IndexKey key(IndexHit hit) {
    return new IndexKey(hit.name().memory(), hit.contentHash());
  }

  private record IndexKey(MemoryId memory, ContentHash hash) {}

  private static final class Found {

    private Explanation.@Nullable Part semantic;
    private Explanation.@Nullable Part lexical;
    private Instant time = Instant.EPOCH;

    double own() {
      return new Explanation(semantic, lexical, 0, 1, null).own();
    }
  }
}
