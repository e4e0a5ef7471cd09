package dev.memlane.orchestrator.internal.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.memlane.model.ContentHash;
import dev.memlane.model.MemoryId;
import dev.memlane.model.SearchPart;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexHits.Traits;
import dev.memlane.orchestrator.Explanation;
import dev.memlane.orchestrator.FusionMethod;
import dev.memlane.orchestrator.Ranking;
import dev.memlane.testing.TestMemories;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FusionTest {

  private static final Offset<Double> ROUNDING = within(1e-6);

  private static MemoryId id(long memory) {
    return TestMemories.id(memory);
  }

  private static IndexHit hit(long memory, double score) {
    return new IndexHit(new DocumentName(id(memory), TestMemories.op(memory)), ContentHash.of(null, "memory " + memory),
        Instant.EPOCH, (float) score);
  }

  private static List<Fusion.Candidate> fuse(IndexHits hits) {
    return fuse(hits, Ranking.DEFAULT, Question.naming("x"));
  }

  private static List<Fusion.Candidate> fuse(IndexHits hits, Ranking ranking, Question question) {
    return Fusion.fuse(hits, ranking, new TraitFactors(question, hits.medianWords(), ranking.without()), Instant.EPOCH);
  }

  private static double score(List<Fusion.Candidate> candidates, long memory) {
    return candidates.stream().filter(candidate -> candidate.memory().equals(id(memory))).findFirst().orElseThrow()
        .score();
  }

  @Test
  void fuse_bothKinds_isTheWeightedSumOfNormalisedScores() {
    List<Fusion.Candidate> candidates = fuse(new IndexHits(List.of(hit(1, 0.9), hit(2, 0.8), hit(3, 0.7)),
        List.of(hit(2, 8), hit(4, 4)), List.of(), true));

    assertThat(candidates).extracting(Fusion.Candidate::memory).containsExactly(id(2), id(1), id(4), id(3));
    assertThat(score(candidates, 2)).isEqualTo(0.5 * 0.5 + 0.5, ROUNDING);
    assertThat(score(candidates, 1)).isEqualTo(0.5, ROUNDING);
    assertThat(score(candidates, 4)).isEqualTo(0.5 * 0.5, ROUNDING);
    assertThat(score(candidates, 3)).isEqualTo(0, ROUNDING);
  }

  @Test
  void fuse_oneKindOnly_keepsItsScores_relativeToTheBestForWords() {
    assertThat(fuse(new IndexHits(List.of(hit(1, 0.9), hit(2, 0.6)), List.of(), List.of(), true)))
        .extracting(Fusion.Candidate::score).containsExactly((double) 0.9f, (double) 0.6f);
    assertThat(fuse(new IndexHits(List.of(), List.of(hit(1, 8), hit(2, 2)), List.of(), true)))
        .extracting(Fusion.Candidate::score).containsExactly(1.0, 0.25);
  }

  @Test
  void fuse_aRun_lendsToTheNextTwoOnEitherSide_asChancesAreJoined() {
    List<IndexHit> words = List.of(hit(4, 8), hit(1, 4), hit(2, 2), hit(3, 1), hit(5, 1), hit(6, 1), hit(7, 1),
        hit(9, 1));
    List<MemoryId> run = List.of(id(1), id(2), id(3), id(4), id(5), id(8), id(7));

    List<Fusion.Candidate> candidates = fuse(new IndexHits(List.of(), words, List.of(run), true));

    double eighth = 0.125;
    assertThat(score(candidates, 3)).as("beside the best, two from another")
        .isEqualTo(1 - (1 - eighth) * (1 - 0.4) * (1 - 0.4 * 0.25) * (1 - 0.2 * 0.5) * (1 - 0.2 * eighth), ROUNDING);
    assertThat(score(candidates, 5)).isEqualTo(1 - (1 - eighth) * (1 - 0.4) * (1 - 0.2 * eighth) * (1 - 0.2 * eighth),
        ROUNDING);
    assertThat(score(candidates, 7)).as("beyond one that was not found")
        .isEqualTo(1 - (1 - eighth) * (1 - 0.2 * eighth), ROUNDING);
    assertThat(score(candidates, 9)).as("in no run").isEqualTo(eighth, ROUNDING);
    assertThat(score(candidates, 4)).isEqualTo(1, ROUNDING);
    assertThat(candidates).extracting(Fusion.Candidate::memory).doesNotContain(id(8));
    assertThat(candidates.getFirst().explanation().own()).isEqualTo(1, ROUNDING);
  }

  @Test
  void fuse_aRun_lendsToItsMembersOfItsThreeBest() {
    UUID run = new UUID(0, 1);
    List<IndexHit> words = List.of(in(run, hit(1, 8)), in(run, hit(2, 4)), in(run, hit(3, 2)), in(run, hit(4, 1)),
        in(new UUID(0, 2), hit(5, 1)), hit(6, 1));

    List<Fusion.Candidate> candidates = fuse(new IndexHits(List.of(), words, List.of(), true));

    double ofRun = 0.3 * (1 + 0.5 + 0.25) / 3;
    assertThat(score(candidates, 4)).isEqualTo(1 - (1 - 0.125) * (1 - ofRun), ROUNDING);
    assertThat(score(candidates, 5)).as("in a run of its own")
        .isEqualTo(1 - (1 - 0.125) * (1 - 0.3 * 0.125 / 3), ROUNDING);
    assertThat(score(candidates, 6)).as("in no run").isEqualTo(0.125, ROUNDING);
    Explanation explanation = candidates.get(1).explanation();
    assertThat(explanation.lentByRun()).isEqualTo(0.5 * ofRun, ROUNDING);
    assertThat(explanation.lent()).isZero();
  }

  private static IndexHit in(UUID run, IndexHit hit) {
    return new IndexHit(hit.name(), hit.contentHash(), hit.time(), hit.score(), new Traits(null, run, 0, false));
  }

  @Test
  void fuse_whatAMemoryIs_countsAsFactors() {
    Instant may = Instant.parse("2023-05-10T12:00:00Z");
    IndexHit ben = hit(1, 8);
    IndexHit asking = new IndexHit(ben.name(), ben.contentHash(), may, 8, new Traits("ben", null, 5, true));
    IndexHits hits = new IndexHits(List.of(), List.of(asking), List.of(), true, Set.of(), 10);
    Question question = Question.of("What did Ada say on 3 June 2023?", Set.of("ada"), Instant.EPOCH, Set.of());

    Explanation explanation = fuse(hits, Ranking.DEFAULT, question).getFirst().explanation();

    double days = 23.5;
    assertThat(explanation.factors()).containsExactly(Map.entry(SearchPart.ACTORS, 0.7),
        Map.entry(SearchPart.TIMES, 0.5 + 0.5 * Math.exp(-days / 2)),
        Map.entry(SearchPart.SHORT_TEXTS, Math.pow(0.5, 0.15)), Map.entry(SearchPart.QUESTIONS, 0.85));
    assertThat(explanation.fused()).isEqualTo(0.7 * (0.5 + 0.5 * Math.exp(-days / 2)) * Math.pow(0.5, 0.15) * 0.85,
        ROUNDING);
    Ranking plain = new Ranking(FusionMethod.WEIGHTED_SCORES, 0.5, true, null, 0, null, 1,
        Set.of(SearchPart.ACTORS, SearchPart.TIMES, SearchPart.SHORT_TEXTS, SearchPart.QUESTIONS));
    assertThat(fuse(hits, plain, question).getFirst().score()).isEqualTo(1, ROUNDING);
  }

  @Test
  void fuse_aMemoryOfWhichNothingIsKnown_losesNothing() {
    Question question = Question.of("What did Ada say?", Set.of("ada"), Instant.EPOCH, Set.of());

    assertThat(fuse(new IndexHits(List.of(), List.of(hit(1, 8)), List.of(), true, Set.of(), 10), Ranking.DEFAULT,
        question)).extracting(Fusion.Candidate::score).containsExactly(1.0);
  }

  @Test
  void fuse_nothingFoundByWords_lendsNothing() {
    List<Fusion.Candidate> candidates = fuse(
        new IndexHits(List.of(hit(1, 0.9), hit(2, 0.6)), List.of(), List.of(List.of(id(1), id(2))), true));

    assertThat(candidates)
        .allSatisfy(candidate -> assertThat(candidate.score()).isEqualTo(candidate.explanation().own()));
  }

  @Test
  void fuse_reciprocalRanks_looksAtTheOrderAlone() {
    Ranking ranking = new Ranking(FusionMethod.RECIPROCAL_RANKS, 0.5, false, null, 0, null, 1);

    List<Fusion.Candidate> candidates = fuse(new IndexHits(List.of(hit(1, 0.9), hit(2, 0.1)),
        List.of(hit(2, 80), hit(3, 0.1)), List.of(), true), ranking, Question.naming("x"));

    assertThat(candidates).extracting(Fusion.Candidate::memory).containsExactly(id(2), id(1), id(3));
    assertThat(score(candidates, 2)).isEqualTo(0.5 + 0.5 * 61 / 62, ROUNDING);
    assertThat(score(candidates, 1)).isEqualTo(0.5, ROUNDING);
    assertThat(score(candidates, 3)).isEqualTo(0.5 * 61 / 62, ROUNDING);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void fuse_anything_staysWithinItsBounds_andTakesNothingAway(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      List<IndexHit> near = hits(random, 1);
      List<IndexHit> worded = hits(random, 20);
      List<MemoryId> run = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        run.add(id(i));
      }
      Collections.shuffle(run, random);

      List<Fusion.Candidate> candidates = fuse(new IndexHits(near, worded, List.of(run), true));

      assertThat(candidates).as("seed %s, round %s", seed, round).allSatisfy(candidate -> {
        assertThat(candidate.explanation().own()).isBetween(0.0, 1.0);
        assertThat(candidate.score()).isBetween(candidate.explanation().own() - 1e-9, 1.0);
      }).extracting(Fusion.Candidate::score).isSortedAccordingTo((one, other) -> Double.compare(other, one));
    }
  }

  /** Up to twenty of thirty memories, best first. */
  private static List<IndexHit> hits(Random random, double best) {
    List<Integer> memories = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      memories.add(i);
    }
    Collections.shuffle(memories, random);
    List<Double> scores = new ArrayList<>();
    int count = random.nextInt(20);
    for (int i = 0; i < count; i++) {
      scores.add(best * (1 - random.nextDouble()));
    }
    scores.sort(Collections.reverseOrder());
    List<IndexHit> hits = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      hits.add(hit(memories.get(i), scores.get(i)));
    }
    return hits;
  }
}
