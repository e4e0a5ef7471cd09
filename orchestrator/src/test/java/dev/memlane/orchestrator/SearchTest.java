package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Reranker;
import dev.memlane.model.RerankingException;
import dev.memlane.model.Scope;
import dev.memlane.model.SearchPart;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.SearchRequest.Include;
import dev.memlane.orchestrator.SearchRequest.Mode;
import dev.memlane.testing.RandomFilters;
import dev.memlane.testing.TestMemories;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a search can be asked for, on real stores. */
@Tag("programs")
class SearchTest {

  private static final Scope ADA = Scope.user("ada");
  private static final Scope BOB = Scope.user("bob");
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Offset<Double> ROUNDING = within(1e-9);

  @TempDir
  Path directory;

  private TestMemory test;
  private BlockingMemory memory;

  @BeforeEach
  void open() {
    test = TestMemory.open(directory);
    memory = test.blocking;
  }

  @AfterEach
  void close() {
    test.close();
  }

  private Memory add(String content, Scope scope) {
    return memory.addMemory(NewMemory.of(content, scope));
  }

  private static SearchRequest.Builder asking(String query) {
    return SearchRequest.builder(query).scope(ADA);
  }

  private List<Memory> found(SearchRequest.Builder request) {
    return memory.search(request.build()).stream().map(SearchHit::memory).toList();
  }

  private static Explanation explanation(SearchHit hit) {
    return Objects.requireNonNull(hit.explanation());
  }

  @Test
  void scopes_several_findWhatIsInAnyOfThem() {
    Memory ada = add("plays the oboe", ADA.withRun("7"));
    Memory bob = add("sells an oboe", BOB);
    add("builds an oboe", Scope.user("eve"));

    for (Mode mode : Mode.values()) {
      assertThat(found(SearchRequest.builder("oboe").scopes(List.of(ADA, BOB)).mode(mode))).as("%s", mode)
          .containsExactlyInAnyOrder(ada, bob);
    }
    assertThatThrownBy(() -> SearchRequest.builder("oboe").scopes(List.of()).build())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("everywhere");
  }

  @Test
  void limits_questionAboutNothingThatIsKnown_findsNothing() {
    add("Ada plays the oboe in the red room", ADA.withRun("7"));
    add("She bought it in Lisbon", ADA.withRun("7"));
    String question = "which medicine does the neighbour's cat take?";

    assertThat(found(asking(question).threshold(0.6))).as("a threshold is relative").isNotEmpty();
    assertThat(found(asking(question).minSimilarity(0.5))).isEmpty();
    assertThat(found(asking(question).mode(Mode.SEMANTIC).minSimilarity(0.5))).isEmpty();
    assertThat(found(asking(question).minWords(1))).isEmpty();
    assertThat(found(asking(question).mode(Mode.LEXICAL).minWords(1))).isEmpty();
    assertThat(found(asking("is it the").minWords(1))).as("only stop words").isEmpty();
  }

  @Test
  void limits_holdForTheMemoryItself_whateverItsNeighboursLend() {
    Scope run = ADA.withRun("7");
    Memory oboe = memory.addMemory(NewMemory.builder("Ada plays the oboe", run).occurredAt(NOON).build());
    Memory neighbour = memory.addMemory(
        NewMemory.builder("bought in Lisbon", run).occurredAt(NOON.plusSeconds(1)).build());

    assertThat(found(asking("who plays the oboe?"))).containsExactly(oboe, neighbour);
    assertThat(found(asking("who plays the oboe?").minWords(1))).containsExactly(oboe);
    assertThat(found(asking("who plays the oboe?").minSimilarity(0.3))).containsExactly(oboe);
    assertThat(found(asking("who plays the oboe in Lisbon?").minWords(2))).containsExactly(oboe);
    assertThat(found(asking("oboe").minWords(5))).as("all it has").containsExactly(oboe);
  }

  @Test
  void limits_reachAsDeepAsItTakes() {
    List<NewMemory> many = new ArrayList<>();
    for (int i = 0; i < 1_200; i++) {
      many.add(
          NewMemory.builder(i % 400 == 7 ? "the oboe and the violin" : "an oboe, the oboe, oboe " + i, ADA).build());
    }
    memory.addMemories(many);

    for (Mode mode : List.of(Mode.HYBRID, Mode.LEXICAL)) {
      assertThat(found(asking("oboe violin").mode(mode).minWords(2).limit(10))).as("%s", mode).hasSize(3)
          .extracting(Memory::content).containsOnly("the oboe and the violin");
    }
    assertThat(found(asking("the oboe and the violin").minSimilarity(0.99).limit(10))).hasSize(3)
        .extracting(Memory::content).containsOnly("the oboe and the violin");
  }

  @Test
  void limits_thatTheModeCantAnswer_orOutOfRange_areRefused() {
    for (SearchRequest.Builder wrong : List.of(asking("x").minSimilarity(1.1), asking("x").minSimilarity(Double.NaN),
        asking("x").minWords(-1), asking("x").mode(Mode.LEXICAL).minSimilarity(0.1),
        asking("x").mode(Mode.SEMANTIC).minWords(1), asking("\u200B\u2060"))) {
      assertThatThrownBy(wrong::build).isInstanceOf(InvalidInputException.class);
    }
  }

  @Test
  void vectorOfAnotherLengthOrModel_isRefusedBeforeAnythingBegins() {
    for (Embedding wrong : List.of(new Embedding(test.embedder.model(), new float[]{1, 2, 3}),
        TestMemories.embedding("another", test.embedder.dimension(), new Random(1)))) {
      List<WriteOutcome> outcomes = memory.addMemories(
          List.of(NewMemory.builder("oboe", ADA).key("k").embedding(wrong).build()));

      assertThat(outcomes).singleElement().isInstanceOfSatisfying(WriteOutcome.Refused.class, refused -> {
        assertThat(refused.cause()).isInstanceOf(InvalidInputException.class);
        assertThat(refused.reason()).contains(wrong.model(), wrong.dimension() + " dimensions", test.embedder.model());
      });
      assertThatThrownBy(() -> found(asking("oboe").embedding(wrong))).isInstanceOf(InvalidInputException.class)
          .hasMessageContainingAll(wrong.model(), test.embedder.model());
    }
    assertThat(memory.list(ADA, null, null, 10).memories()).isEmpty();
  }

  @Test
  void forms_ofTheSameText_areFoundByMeaningAsWell() {
    Memory cafe = add("We met at Zu\u0308rich\u2019s cafe\u0301", ADA);
    add("something else", ADA);

    List<SearchHit> hits = memory.search(
        asking("We met at Z\u00FCrich's caf\u00E9").mode(Mode.SEMANTIC).include(Include.EXPLANATION).build());

    assertThat(hits.getFirst().memory()).isEqualTo(cafe);
    assertThat(hits.getFirst().memory().content()).as("as it was given").contains("Zu\u0308rich\u2019s");
    assertThat(hits.getFirst().score()).isEqualTo(1, within(1e-6));
  }

  @Test
  void filter_onTime_findsWhatOccurredWithinIt() {
    memory.addMemory(NewMemory.builder("oboe at noon", ADA).occurredAt(NOON).build());
    Memory later = memory.addMemory(NewMemory.builder("oboe later", ADA).occurredAt(NOON.plusSeconds(1)).build());
    add("oboe at some time", ADA);

    for (Mode mode : Mode.values()) {
      assertThat(
          found(asking("oboe").mode(mode).filter(Filter.occurredBetween(NOON.plusSeconds(1), NOON.plusSeconds(2)))))
          .as("%s", mode).containsExactly(later);
    }
    assertThat(memory.list(ADA, Filter.occurredFrom(NOON.plusNanos(1)), null, 10).memories()).containsExactly(later);
  }

  @Test
  void expired_isFoundIfAskedFor() {
    Memory expired = memory.addMemory(
        NewMemory.builder("short-lived", ADA).expiresAt(Instant.parse("2020-01-01T00:00:00Z")).build());

    assertThat(found(asking("short-lived"))).isEmpty();
    assertThat(found(asking("short-lived").include(Include.EXPIRED))).containsExactly(expired);
  }

  @Test
  void embedding_isTheStoredOne_ifAskedFor() {
    add("plays the oboe", ADA);

    SearchHit plain = memory.search(asking("oboe").build()).getFirst();
    SearchHit hit = memory.search(asking("oboe").include(Include.EMBEDDING).build()).getFirst();

    assertThat(plain.embedding()).isNull();
    assertThat(plain.explanation()).isNull();
    Embedding stored = Objects.requireNonNull(hit.embedding());
    assertThat(stored.vector()).isEqualTo(test.embedder.embed(List.of("plays the oboe")).join().getFirst());
  }

  @Test
  void explanation_addsUpToTheScore_andHasWhatEachKindSays() {
    List<Memory> run = IntStream.range(0, 8).mapToObj(i -> memory.addMemory(NewMemory
        .builder(i % 3 == 0 ? "the oboe and tea, part " + i : "part " + i, ADA.withRun("7"))
        .occurredAt(NOON.plusSeconds(i)).build())).toList();
    Embedding query = new Embedding(test.embedder.model(), test.embedder.embed(List.of("oboe tea")).join().getFirst());

    List<SearchHit> hits = memory
        .search(asking("oboe tea").embedding(query).include(Include.EXPLANATION, Include.EMBEDDING).build());

    assertThat(hits).hasSize(run.size()).allSatisfy(hit -> {
      Explanation why = explanation(hit);
      double factors = why.factors().values().stream().reduce(1.0, (one, other) -> one * other);
      assertThat(hit.score()).isEqualTo((why.own() + why.lent() + why.lentByRun()) * factors * why.recency(), ROUNDING);
      assertThat(why.lentByRun()).isNotNegative();
      Explanation.Part semantic = Objects.requireNonNull(why.semantic());
      assertThat(semantic.score()).isEqualTo(TestMemories.cosine(query, Objects.requireNonNull(hit.embedding())),
          within(1e-5));
      assertThat(why.lexical() != null).isEqualTo(hit.memory().content().contains("oboe"));
      assertThat(why.recency()).isEqualTo(1);
      assertThat(why.reranked()).isNull();
    });
    assertThat(hits).extracting(hit -> Objects.requireNonNull(explanation(hit).semantic()).rank())
        .containsExactlyInAnyOrder(1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(hits).as("beside what has the words").filteredOn(hit -> hit.memory().equals(run.get(1)))
        .allSatisfy(hit -> assertThat(explanation(hit).lent()).isPositive());
    List<SearchHit> alone = memory.search(asking("oboe tea").context(false).include(Include.EXPLANATION).build());
    assertThat(alone).allSatisfy(hit -> assertThat(explanation(hit).lent() + explanation(hit).lentByRun()).isZero());
  }

  @Test
  void actors_namedInTheQuestion_comeFirst_andFactsAboutThemLoseNothing() {
    Memory hers = memory.addMemory(NewMemory.builder("I play the oboe", ADA).actor("Ada").build());
    Memory his = memory.addMemory(NewMemory.builder("I play the oboe", ADA).actor("Ben").build());
    Memory fact = add("Ada plays the oboe", ADA);

    List<SearchHit> hits = memory.search(asking("What does Ada play?").include(Include.EXPLANATION).build());

    assertThat(hits).extracting(SearchHit::memory).endsWith(his);
    assertThat(hits).filteredOn(hit -> !hit.memory().equals(his)).extracting(SearchHit::memory)
        .containsExactlyInAnyOrder(hers, fact);
    assertThat(explanation(hits.getLast()).factors()).containsEntry(SearchPart.ACTORS, 0.7);
    assertThat(
        memory.search(asking("What does Ada play?").without(SearchPart.ACTORS).include(Include.EXPLANATION).build()))
        .allSatisfy(hit -> assertThat(explanation(hit).factors()).doesNotContainKey(SearchPart.ACTORS));
  }

  @Test
  void times_namedInTheQuestion_areRelativeToTheGivenPresent() {
    Memory june = memory.addMemory(
        NewMemory.builder("the oboe broke", ADA).occurredAt(Instant.parse("2023-06-20T10:00:00Z")).build());
    Memory may = memory.addMemory(
        NewMemory.builder("the oboe broke", ADA).occurredAt(Instant.parse("2023-05-02T10:00:00Z")).build());

    assertThat(memory.search(asking("What broke in May 2023?").build()).getFirst().memory()).isEqualTo(may);
    assertThat(
        memory.search(asking("What broke last month?").now(Instant.parse("2023-07-05T10:00:00Z")).build()).getFirst()
            .memory())
        .isEqualTo(june);
  }

  @Test
  void fusion_ofRanks_givesTheBestOfBothAll() {
    Memory best = add("the oboe", ADA);
    add("a quartet of other things, with an oboe in the middle of all that is said of it", ADA);
    add("nothing of it", ADA);

    List<SearchHit> hits = memory
        .search(asking("the oboe").fusion(FusionMethod.RECIPROCAL_RANKS).include(Include.EXPLANATION).build());

    assertThat(hits.getFirst().memory()).isEqualTo(best);
    assertThat(hits.getFirst().score()).isEqualTo(1, ROUNDING);
    assertThat(explanation(hits.get(1)).lexical()).isEqualTo(
        new Explanation.Part(2, Objects.requireNonNull(explanation(hits.get(1)).lexical()).score(), 0.5 * 61 / 62));
  }

  @Test
  void recency_ofEquallyGoodHits_prefersTheLatest_andTakesNoMoreThanItsWeight() {
    Instant now = Instant.now();
    List<Memory> ages = IntStream.of(40, 0, 10, -5)
        .mapToObj(days -> memory.addMemory(
            NewMemory.builder("oboe", ADA).occurredAt(now.minus(Duration.ofDays(days))).build()))
        .toList();

    List<SearchHit> hits = memory
        .search(asking("oboe").recency(Duration.ofDays(10)).include(Include.EXPLANATION).build());

    assertThat(hits).extracting(SearchHit::memory).endsWith(ages.get(2), ages.get(0));
    assertThat(hits).extracting(hit -> explanation(hit).recency()).allSatisfy(
        factor -> assertThat(factor).isBetween(1 - Recency.WEIGHT, 1.0));
    assertThat(explanation(hits.get(2)).recency()).isEqualTo(1 - Recency.WEIGHT / 2, within(1e-3));
    assertThat(explanation(hits.get(3)).recency()).isEqualTo(1 - Recency.WEIGHT * 15 / 16, within(1e-3));
  }

  @Test
  void diversity_ofLikeHits_picksOneOfThemFirst() {
    List<Memory> same = memory.addMemories(Collections.nCopies(5, NewMemory.of("the oboe is in the attic", ADA)))
        .stream()
        .map(outcome -> ((WriteOutcome.Stored) outcome).memory()).toList();
    Memory other = add("an oboe teacher comes on Mondays and brings reeds", ADA);

    assertThat(found(asking("oboe in the attic").limit(2))).isSubsetOf(same);
    List<Memory> diverse = found(asking("oboe in the attic").limit(2).diversity(0.6));
    assertThat(diverse).hasSize(2).contains(other);
    assertThat(diverse.getFirst()).isIn(same);
    assertThat(found(asking("oboe in the attic").limit(6).diversity(0.6))).as("none is lost").hasSize(6);
  }

  @Test
  void reranker_looksAtTheBest_andItsScoresCount() {
    memory.addMemories(IntStream.range(0, 60).mapToObj(i -> NewMemory.of("oboe " + i, ADA)).toList());
    List<String> asked = new ArrayList<>();
    Reranker byNumber = (query, texts) -> {
      asked.addAll(texts);
      return CompletableFuture.completedFuture(
          texts.stream().map(text -> Integer.parseInt(text.substring(5)) / 100.0).toList());
    };

    List<SearchHit> hits = memory.search(
        asking("oboe").limit(3).reranker(byNumber, 60).threshold(0.58).include(Include.EXPLANATION).build());

    assertThat(asked).hasSize(60);
    assertThat(hits).extracting(hit -> hit.memory().content()).containsExactly("oboe 59", "oboe 58");
    assertThat(hits).extracting(SearchHit::score).containsExactly(0.59, 0.58);
    assertThat(explanation(hits.getFirst()).reranked()).isEqualTo(0.59);
    asked.clear();
    assertThat(found(asking("oboe").limit(3).reranker(byNumber, 20).diversity(0.1))).hasSize(3);
    assertThat(asked).as("no more than were named, also where different ones are picked").hasSize(20);
  }

  @Test
  void reranker_thatFails_orAnswersWrongly_failsTheSearch_andSaysSo() {
    add("the oboe", ADA);
    Map<Reranker, String> rerankers = new HashMap<>();
    rerankers.put((query, texts) -> CompletableFuture.failedFuture(new IllegalStateException("no power")), "no power");
    rerankers.put((query, texts) -> {
      throw new IllegalStateException("broken");
    }, "broken");
    rerankers.put((query, texts) -> CompletableFuture.completedFuture(List.of()), "asked for 1 scores and gave 0");
    rerankers.put((query, texts) -> CompletableFuture.completedFuture(List.of(Double.NaN)), "0 to 1");

    rerankers.forEach(
        (reranker, message) -> assertThatThrownBy(() -> memory.search(asking("oboe").reranker(reranker).build()))
            .isInstanceOf(RerankingException.class).hasMessageContaining(message));
  }

  /** In SQL (list, deleteAll), in the index (search) and in Java. */
  @ParameterizedTest
  @ValueSource(longs = {31, 32})
  void times_ofAllYears_compareAsTheyAre(long seed) {
    Random random = new Random(seed);
    List<Memory> all = memory.addMemories(IntStream.range(0, 300)
        .mapToObj(i -> NewMemory.builder("note " + i, ADA).occurredAt(anyTime(random)).build()).toList()).stream()
        .map(outcome -> ((WriteOutcome.Stored) outcome).memory()).toList();

    for (int round = 0; round < 40; round++) {
      // A limit equal to a stored time shows an error of a microsecond.
      Instant one = Objects.requireNonNull(all.get(random.nextInt(all.size())).occurredAt());
      Instant two = random.nextBoolean() ? anyTime(random) : one.plusNanos(random.nextInt(2));
      Filter filter = one.isBefore(two) ? Filter.occurredBetween(one, two) : Filter.occurredBetween(two, one);
      Memory[] passing = all.stream().filter(filter::matches).toArray(Memory[]::new);

      assertThat(memory.list(ADA, filter, null, 300).memories()).as("listed, seed %d, %s", seed, filter)
          .containsExactlyInAnyOrder(passing);
      assertThat(memory.search(SearchRequest.builder("note").scope(ADA).filter(filter).limit(300).build()))
          .as("found, seed %d, %s", seed, filter).extracting(SearchHit::memory).containsExactlyInAnyOrder(passing);
    }
    Filter before = Filter.occurredBefore(Instant.parse("1582-10-12T00:00:00Z"));
    assertThat(memory.deleteAll(ADA, before).deleted()).isEqualTo(all.stream().filter(before::matches).count());
  }

  /** From year 1 to 9999, half of them near the days at which calendars changed. */
  private static Instant anyTime(Random random) {
    Instant begin = Instant.parse(random.nextBoolean() ? "0001-01-01T00:00:00Z" : "1582-09-20T00:00:00Z");
    Instant end = Instant.parse(begin.getEpochSecond() < -20_000_000_000L
        ? "9999-12-31T00:00:00Z"
        : "1582-11-01T00:00:00Z");
    return Instant.ofEpochSecond(random.nextLong(begin.getEpochSecond(), end.getEpochSecond()),
        random.nextInt(1_000_000) * 1_000L);
  }

  /** Whatever it is asked for, a search returns as many as there are, up to the limit. */
  @ParameterizedTest
  @ValueSource(longs = {21, 22})
  void search_returnsKHitsWheneverKExist(long seed) {
    Random random = new Random(seed);
    List<Memory> all = memory.addMemories(IntStream.range(0, 600).mapToObj(i -> NewMemory
        .builder("note " + i, random.nextBoolean() ? ADA : BOB.withRun("r" + random.nextInt(5)))
        .metadata(RandomFilters.metadata(random)).occurredAt(RandomFilters.time(random)).build()).toList()).stream()
        .map(outcome -> ((WriteOutcome.Stored) outcome).memory()).toList();
    Reranker backwards = (query, texts) -> CompletableFuture.completedFuture(
        IntStream.range(0, texts.size()).mapToObj(i -> (double) i / texts.size()).toList());

    for (int round = 0; round < 60; round++) {
      Filter filter = RandomFilters.filter(random, 2);
      int limit = 1 + random.nextInt(300);
      List<Scope> scopes = random.nextBoolean() ? List.of(ADA) : List.of(ADA, BOB.withRun("r1"));
      SearchRequest request = SearchRequest.builder("note").scopes(scopes).filter(filter).limit(limit)
          .mode(List.of(Mode.values()).get(random.nextInt(3)))
          .fusion(List.of(FusionMethod.values()).get(random.nextInt(2)))
          .context(random.nextBoolean()).recency(random.nextBoolean() ? new Recency(Duration.ofDays(1), 0.5) : null)
          .diversity(random.nextInt(3) == 0 ? 0.3 : 0).reranker(random.nextInt(3) == 0 ? backwards : null).build();
      List<MemoryId> passing = all.stream().filter(one -> scopes.stream().anyMatch(scope -> scope.matches(one.scope())))
          .filter(filter::matches).map(Memory::id).toList();

      List<SearchHit> hits = memory.search(request);

      assertThat(hits).as("seed %d, round %d, %s", seed, round, request).hasSize(Math.min(limit, passing.size()))
          .allSatisfy(hit -> assertThat(hit.score()).isBetween(0.0, 1.0)).extracting(hit -> hit.memory().id())
          .doesNotHaveDuplicates().isSubsetOf(passing);
    }
  }
}
