package dev.memlane.orchestrator.internal.search;

import dev.memlane.model.ContentHash;
import dev.memlane.model.MemoryId;
import dev.memlane.model.SearchPart;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.IntToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The fusion of hits by meaning and hits by words into one ranking: a weighted sum. A memory found by only one of the two
 * scores 0 by the other.
 *
 * <p>
 * Then {@link Lending} adds what a memory's run lends to it, and {@link TraitFactors} says by how much it counts less for what
 * it is. If nothing was found by words, nothing is lent: similarities alone differ too little between memories.
 */
final class Fusion {

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
  static List<Candidate> fuse(IndexHits hits, Ranking ranking, TraitFactors factors, Instant now) {
    Map<IndexKey, Found> found = new LinkedHashMap<>();
    boolean both = !hits.semantic().isEmpty() && !hits.lexical().isEmpty();
    double weight = both ? ranking.semanticWeight() : hits.semantic().isEmpty() ? 0 : 1;
    boolean byRank = ranking.fusion() == FusionMethod.RECIPROCAL_RANKS;

    List<IndexHit> near = hits.semantic();
    IntToDoubleFunction nearness = byRank ? Fusion::reciprocal : both ? stretched(near) : i -> near.get(i).score();
    for (int i = 0; i < near.size(); i++) {
      Found one = find(found, near.get(i));
      if (one.semantic == null) {
        one.semantic = new Explanation.Part(i + 1, 2.0 * near.get(i).score() - 1, weight * nearness.applyAsDouble(i));
      }
    }
    List<IndexHit> worded = hits.lexical();
    IntToDoubleFunction wording = byRank
        ? Fusion::reciprocal
        : i -> (double) worded.get(i).score() / worded.getFirst().score();
    for (int i = 0; i < worded.size(); i++) {
      Found one = find(found, worded.get(i));
      if (one.lexical == null) {
        one.lexical = new Explanation.Part(i + 1, worded.get(i).score(), (1 - weight) * wording.applyAsDouble(i));
      }
    }
    return ranked(found, hits, ranking, factors, now);
  }

  private static Found find(Map<IndexKey, Found> found, IndexHit hit) {
    return found.computeIfAbsent(key(hit), key -> new Found(hit));
  }

  private static List<Candidate> ranked(Map<IndexKey, Found> found, IndexHits hits, Ranking ranking,
      TraitFactors factors, Instant now) {
    Lending lending = lending(found, hits, ranking);
    Map<UUID, Double> ofRuns = lending.ofRuns();
    Recency recency = ranking.recency();
    List<Candidate> candidates = new ArrayList<>(found.size());
    found.forEach((key, one) -> {
      double lent = (1 - one.own()) * lending.ofNeighbours(key.memory);
      UUID run = one.hit.traits().run();
      double ofRun = run == null ? 0 : ofRuns.getOrDefault(run, 0.0);
      double factor = recency == null ? 1 : factor(recency, one.hit.time(), now);
      Explanation explanation = new Explanation(one.semantic, one.lexical, lent, (1 - one.own() - lent) * ofRun,
          factors.of(one.hit), factor, null);
      candidates.add(new Candidate(key.memory, key.hash, explanation.fused(), explanation));
    });
    candidates.sort(Comparator.comparingDouble(Candidate::score).reversed().thenComparing(Candidate::memory));
    return candidates;
  }

  private static Lending lending(Map<IndexKey, Found> found, IndexHits hits, Ranking ranking) {
    Lending lending = new Lending();
    if (!ranking.context() || hits.lexical().isEmpty()) {
      return lending;
    }
    Map<MemoryId, Found> members = new LinkedHashMap<>();
    found.forEach((key, one) -> {
      lending.add(key.memory, one.own());
      // A memory has two documents while it is updated, and counts once in its run.
      members.merge(key.memory, one, (first, second) -> first.own() >= second.own() ? first : second);
    });
    if (!ranking.without().contains(SearchPart.NEIGHBOURS)) {
      hits.runs().forEach(lending::lend);
    }
    if (!ranking.without().contains(SearchPart.RUNS)) {
      members.values().forEach(one -> {
        UUID run = one.hit.traits().run();
        if (run != null) {
          lending.addToRun(run, one.own());
        }
      });
    }
    return lending;
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

  private static IndexKey key(IndexHit hit) {
    return new IndexKey(hit.name().memory(), hit.contentHash());
  }

  private record IndexKey(MemoryId memory, ContentHash hash) {}

  private static final class Found {

    private final IndexHit hit;
    private Explanation.@Nullable Part semantic;
    private Explanation.@Nullable Part lexical;

    Found(IndexHit hit) {
      this.hit = hit;
    }

    double own() {
      return new Explanation(semantic, lexical, 0, 1, null).own();
    }
  }
}
