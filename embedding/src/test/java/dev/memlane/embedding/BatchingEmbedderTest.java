package dev.memlane.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.memlane.model.Embedding;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.testing.ManualScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that control the embedder and the time. Everything else happens in the test's thread. */
@SuppressWarnings("FutureReturnValueIgnored") // some texts only keep the embedder busy
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BatchingEmbedderTest {

  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private final ManualScheduler time = new ManualScheduler();
  private final FakeEmbedder model = new FakeEmbedder(2, new Embedder.Limits(4, 100));

  private BatchingEmbedderBuilder builder() {
    return BatchingEmbedder.builder(model).scheduler(time).executor(Runnable::run).deadline(DEADLINE);
  }

  private static void assertFailed(CompletableFuture<?> future, String... parts) {
    assertThat(future).isCompletedExceptionally();
    assertThat(future.exceptionNow()).isInstanceOf(EmbeddingException.class).hasMessageContainingAll(parts);
  }

  // Form

  @Test
  void embed_formsOfSameText_areSentOnceAndCachedOnce() {
    try (BatchingEmbedder embedder = builder().build()) {
      CompletableFuture<Embedding> one = embedder.embed("Ada\u2019s cafe\u0301");
      CompletableFuture<Embedding> other = embedder.embed("A\u00ADda's caf\u00E9");
      model.last().succeed();

      assertThat(model.texts()).containsExactly(List.of("Ada's caf\u00E9"));
      assertThat(other.resultNow()).isEqualTo(one.resultNow());
      assertThat(embedder.embed("\uFEFFAda\u02BCs caf\u00E9")).isCompleted();
      assertThat(embedder.stats().hits()).isEqualTo(1);
      embedder.embed("\u200B");
      assertThat(model.texts()).as("its form would be empty").endsWith(List.of("\u200B"));
    }
  }

  // Questions

  @Test
  void embedQuestion_distinguished_isAnotherTextThanAStoredOne() {
    model.distinguishesQuestions = true;
    try (BatchingEmbedder embedder = builder().build()) {
      embedder.embed("busy");
      CompletableFuture<Embedding> question = embedder.embedQuestion("oboe", "search", null);
      CompletableFuture<Embedding> text = embedder.embed("oboe");
      CompletableFuture<Embedding> other = embedder.embedQuestion("flute", "search", null);
      while (!text.isDone()) {
        FakeEmbedder.Request last = model.last();
        last.answer().complete(last.texts().stream().map(each -> new float[]{last.questions() ? 7 : 8, 1}).toList());
      }

      assertThat(model.requests).extracting(FakeEmbedder.Request::texts, FakeEmbedder.Request::questions)
          .containsExactly(tuple(List.of("busy"), false), tuple(List.of("oboe", "flute"), true),
              tuple(List.of("oboe"), false));
      assertThat(question.resultNow()).isEqualTo(new Embedding("fake", new float[]{7, 1}));
      assertThat(other.resultNow()).isEqualTo(question.resultNow());
      assertThat(text.resultNow()).isEqualTo(new Embedding("fake", new float[]{8, 1}));
      assertThat(embedder.embedQuestion("oboe", null, null).resultNow()).as("cached apart")
          .isEqualTo(question.resultNow());
      assertThat(embedder.embed("oboe").resultNow()).isEqualTo(text.resultNow());
      assertThat(model.requests).hasSize(3);
    }
  }

  @Test
  void embedQuestion_notDistinguished_isTheSameText() {
    try (BatchingEmbedder embedder = builder().build()) {
      CompletableFuture<Embedding> question = embedder.embedQuestion("oboe", "search", null);
      CompletableFuture<Embedding> text = embedder.embed("oboe");
      model.last().succeed();

      assertThat(text.resultNow()).isEqualTo(question.resultNow());
      assertThat(model.requests).singleElement().returns(false, FakeEmbedder.Request::questions);
    }
  }

  @Test
  void compatible_anotherModelOrLength_isRefused() {
    try (BatchingEmbedder embedder = builder().build()) {
      Embedding own = new Embedding("fake", new float[]{1, 2});
      assertThat(embedder.compatible(own)).isSameAs(own);
      for (Embedding wrong : List.of(new Embedding("fake", new float[]{1, 2, 3}),
          new Embedding("other", new float[]{1, 2}))) {
        assertThatThrownBy(() -> embedder.compatible(wrong)).isInstanceOf(InvalidInputException.class)
            .hasMessageContainingAll(wrong.model(), wrong.dimension() + " dimensions", "fake", "2 dimensions");
      }
    }
  }

  // Batching

  @Test
  void embed_idle_isSentAtOnce() {
    try (BatchingEmbedder embedder = builder().build()) {
      CompletableFuture<Embedding> future = embedder.embed("oboe");

      assertThat(model.texts()).containsExactly(List.of("oboe"));
      assertThat(future).isNotDone();
      model.last().succeed();
      assertThat(future.resultNow()).isEqualTo(new Embedding("fake", new float[]{4, 1}));
    }
  }

  @Test
  void embed_requestInFlight_gathersTextsUpToTheLimit() {
    try (BatchingEmbedder embedder = builder().build()) {
      List<CompletableFuture<Embedding>> futures = new ArrayList<>();
      for (String text : List.of("1", "22", "333", "4444", "55555", "666666")) {
        futures.add(embedder.embed(text));
      }
      assertThat(model.texts()).containsExactly(List.of("1"));

      model.last().succeed();
      assertThat(model.texts()).endsWith(List.of("22", "333", "4444", "55555")).hasSize(2);
      model.last().succeed();
      assertThat(model.texts()).endsWith(List.of("666666")).hasSize(3);
      model.last().succeed();

      assertThat(futures).extracting(future -> future.resultNow().vector()[0]).containsExactly(1f, 2f, 3f, 4f, 5f, 6f);
      assertThat(model.requests).hasSize(3);
    }
  }

  @Test
  void embed_longTexts_fillRequestsByCharacters_andLongestGoAlone() {
    try (BatchingEmbedder embedder = builder().build()) {
      List<String> texts = List.of("first", "a".repeat(60), "b".repeat(40), "c".repeat(1), "d".repeat(500), "e");
      List<CompletableFuture<Embedding>> futures = texts.stream().map(embedder::embed).toList();

      while (futures.stream().anyMatch(future -> !future.isDone())) {
        model.last().succeed();
      }

      assertThat(model.texts()).containsExactly(texts.subList(0, 1), texts.subList(1, 3), texts.subList(3, 4),
          texts.subList(4, 5), texts.subList(5, 6));
    }
  }

  @Test
  void embedAll_idle_isOneRequest() {
    try (BatchingEmbedder embedder = builder().build()) {
      List<CompletableFuture<Embedding>> futures = embedder.embedAll(List.of("a", "bb", "a"));

      assertThat(model.texts()).containsExactly(List.of("a", "bb"));
      model.last().succeed();
      assertThat(futures).extracting(future -> future.resultNow().vector()[0]).containsExactly(1f, 2f, 1f);
    }
  }

  @Test
  void embed_concurrencyOfTwo_neverHasMoreThanTwoInFlight() {
    try (BatchingEmbedder embedder = builder().concurrency(2).build()) {
      embedder.embedAll(List.of("1", "2", "3", "4"));
      embedder.embed("5");
      embedder.embed("6");
      embedder.embed("7");

      assertThat(model.texts()).containsExactly(List.of("1", "2", "3", "4"), List.of("5"));
      assertThat(embedder.stats().inFlight()).isEqualTo(2);
      assertThat(embedder.stats().waiting()).isEqualTo(2);
      model.requests.getFirst().succeed();
      assertThat(model.texts()).endsWith(List.of("6", "7"));
    }
  }

  @Test
  void embed_requestAnswered_nextIsSentBeforeCallersAreNotified() {
    try (BatchingEmbedder embedder = builder().build()) {
      List<Integer> sentWhenNotified = new ArrayList<>();
      var notified = embedder.embed("1").thenAccept(embedding -> sentWhenNotified.add(model.requests.size()));
      embedder.embed("2");

      model.last().succeed();

      assertThat(notified).isCompleted();
      assertThat(sentWhenNotified).containsExactly(2);
    }
  }

  // Sharing

  @Test
  void embed_sameTextInFlight_isComputedOnce() {
    try (BatchingEmbedder embedder = builder().build()) {
      CompletableFuture<Embedding> first = embedder.embed("same");
      CompletableFuture<Embedding> second = embedder.embed("same");

      assertThat(model.requests).hasSize(1);
      model.last().succeed();
      assertThat(first.resultNow()).isEqualTo(second.resultNow());
      assertThat(embedder.stats().coalesced()).isEqualTo(1);
      assertThat(model.requests).hasSize(1);
    }
  }

  @Test
  void embed_knownText_comesFromTheCache() {
    try (BatchingEmbedder embedder = builder().build()) {
      embedder.embed("known");
      model.last().succeed();

      assertThat(embedder.embed("known")).isCompletedWithValue(new Embedding("fake", new float[]{5, 1}));
      assertThat(model.requests).hasSize(1);
      assertThat(embedder.stats().hits()).isEqualTo(1);
      assertThat(embedder.stats().misses()).isEqualTo(1);
    }
  }

  @Test
  void clearCache_whileComputing_emptiesCacheAndKeepsOlderVectorsOut() {
    try (BatchingEmbedder embedder = builder().build()) {
      embedder.embed("known");
      model.last().succeed();
      CompletableFuture<Embedding> underWay = embedder.embed("under way");

      embedder.clearCache();
      model.last().succeed();

      assertThat(underWay).as("its caller gets it").isCompleted();
      assertThat(embedder.stats().cacheBytes()).isZero();
      assertThat(embedder.embed("known")).isNotDone();
      model.last().succeed();
      assertThat(embedder.embed("under way")).isNotDone();
      model.last().succeed();
      assertThat(embedder.embed("under way")).as("cached again").isCompleted();
    }
  }

  @Test
  void embed_textsThatDifferInLoneSurrogate_areDistinguished() {
    try (BatchingEmbedder embedder = builder().build()) {
      embedder.embed("\ud800");
      model.last().succeed();

      embedder.embed("\ud801");

      assertThat(model.requests).hasSize(2);
    }
  }

  @Test
  void cache_manyTexts_staysWithinItsSize() {
    try (BatchingEmbedder embedder = builder().cacheBytes(10_000).build()) {
      for (int i = 0; i < 1_000; i++) {
        embedder.embed("text " + i);
        model.last().succeed();
        assertThat(embedder.stats().cacheBytes()).isBetween(1L, 10_000L);
      }
      assertThat(embedder.stats().cacheBytes()).isGreaterThan(5_000L);
    }
  }

  @Test
  void cache_zeroBytes_keepsNothing() {
    try (BatchingEmbedder embedder = builder().cacheBytes(0).build()) {
      embedder.embed("text");
      model.last().succeed();
      embedder.embed("text");

      assertThat(model.requests).hasSize(2);
      assertThat(embedder.stats().cacheBytes()).isZero();
    }
  }

  @Test
  void embed_failed_isNotCached() {
    try (BatchingEmbedder embedder = builder().build()) {
      CompletableFuture<Embedding> failing = embedder.embed("text");
      model.last().fail(new IOException("connection reset"));
      assertFailed(failing, "fake", "connection reset");

      CompletableFuture<Embedding> again = embedder.embed("text");
      model.last().succeed();
      assertThat(again).isCompleted();
    }
  }

  @Test
  void cancel_oneOfTwoCallers_completesTheOther() {
    try (BatchingEmbedder embedder = builder().build()) {
      CompletableFuture<Embedding> cancelled = embedder.embed("text");
      CompletableFuture<Embedding> patient = embedder.embed("text");

      cancelled.cancel(true);
      model.last().succeed();

      assertThat(patient).isCompleted();
    }
  }

  @Test
  void cancel_allCallersOfWaitingText_isNotComputed() {
    try (BatchingEmbedder embedder = builder().build()) {
      embedder.embed("in flight");
      CompletableFuture<Embedding> first = embedder.embed("unwanted");
      CompletableFuture<Embedding> second = embedder.embed("unwanted");
      embedder.embed("wanted");

      first.cancel(true);
      assertThat(embedder.stats().waiting()).isEqualTo(2);
      second.cancel(true);
      assertThat(embedder.stats().waiting()).isEqualTo(1);
      model.last().succeed();

      assertThat(model.last().texts()).containsExactly("wanted");
    }
  }

  // Failure

  @Test
  void embed_oneBadTextInBatch_failsAlone() {
    try (BatchingEmbedder embedder = builder().build()) {
      List<CompletableFuture<Embedding>> futures = embedder.embedAll(List.of("a", "b", "bad", "d"));

      while (embedder.stats().inFlight() > 0) {
        if (model.last().texts().contains("bad")) {
          model.last().fail(new IllegalStateException("cannot read it"));
        } else {
          model.last().succeed();
        }
      }

      assertThat(model.texts()).containsExactly(List.of("a", "b", "bad", "d"), List.of("a", "b"), List.of("bad", "d"),
          List.of("bad"), List.of("d"));
      assertThat(List.of(futures.get(0), futures.get(1), futures.get(3))).allSatisfy(
          future -> assertThat(future).isCompleted());
      assertFailed(futures.get(2), "fake", "cannot read it");
    }
  }

  @Test
  void embed_allTextsFail_sendsFewerThanTwoRequestsPerText() {
    FakeEmbedder large = new FakeEmbedder(2, new Embedder.Limits(64, 10_000));
    try (BatchingEmbedder embedder = BatchingEmbedder.builder(large).scheduler(time).executor(Runnable::run).build()) {
      List<CompletableFuture<Embedding>> futures = embedder
          .embedAll(IntStream.range(0, 64).mapToObj(i -> "text " + i).toList());

      while (embedder.stats().inFlight() > 0) {
        large.last().fail(new IOException("down"));
      }

      assertThat(futures).allSatisfy(future -> assertFailed(future, "down"));
      assertThat(large.requests).hasSize(127);
    }
  }

  @Test
  void embed_embedderThrows_failsAndGivesPermitBack() {
    Embedder throwing = new Throwing();
    try (BatchingEmbedder embedder = BatchingEmbedder.builder(throwing).scheduler(time).executor(Runnable::run)
        .build()) {
      assertFailed(embedder.embed("one"), "throwing", "no such model");
      assertFailed(embedder.embed("two"), "throwing", "no such model");
    }
  }

  private static final class Throwing implements Embedder {
    @Override
    public CompletableFuture<List<float[]>> embed(List<String> texts) {
      throw new IllegalStateException("no such model");
    }

    @Override
    public String model() {
      return "throwing";
    }

    @Override
    public int dimension() {
      return 2;
    }

    @Override
    public Limits limits() {
      return Limits.standard();
    }
  }

  @Test
  void embed_embeddingException_reachesCallerWithItsMessage() {
    try (BatchingEmbedder embedder = builder().build()) {
      CompletableFuture<Embedding> future = embedder.embed("text");
      EmbeddingException failure = new EmbeddingException("the key is wrong; set another", null);

      model.last().fail(failure);

      assertThat(future.exceptionNow()).isInstanceOf(EmbeddingException.class).hasMessage(failure.getMessage())
          .hasCause(failure);
    }
  }

  @Test
  void embed_wrongDimension_failsOnlyThatText() {
    try (BatchingEmbedder embedder = builder().build()) {
      List<CompletableFuture<Embedding>> futures = embedder.embedAll(List.of("a", "b"));

      model.last().reply(new float[]{1, 2}, new float[]{1, 2, 3});

      assertThat(futures.get(0)).isCompleted();
      assertFailed(futures.get(1), "fake", "expected 2 dimensions", "vector of 3");
      assertThat(model.requests).hasSize(1);
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void embed_vectorNotFinite_isRefused(float number) {
    try (BatchingEmbedder embedder = builder().build()) {
      CompletableFuture<Embedding> future = embedder.embed("text");

      model.last().reply(new float[]{1, number});

      assertFailed(future, "fake", "expected 2 finite numbers, not all zero", String.valueOf(number));
      assertThat(embedder.stats().cacheBytes()).isZero();
    }
  }

  @Test
  void embed_zeroVector_isRefused() {
    try (BatchingEmbedder embedder = builder().build()) {
      CompletableFuture<Embedding> future = embedder.embed("text");

      model.last().reply(new float[]{0, 0});

      assertFailed(future, "fake", "expected 2 finite numbers, not all zero");
    }
  }

  @Test
  void embed_wrongCount_isRefused() {
    try (BatchingEmbedder embedder = builder().build()) {
      List<CompletableFuture<Embedding>> futures = embedder.embedAll(List.of("a", "b"));

      model.last().reply(new float[]{1, 2});
      model.last().reply(new float[]{1, 2});
      model.last().reply();

      assertThat(futures.get(0)).isCompleted();
      assertFailed(futures.get(1), "fake", "0 vectors to 1 texts");
    }
  }

  // Time

  @Test
  void deadline_embedderHangs_failsCallersAndGivesPermitBack() {
    try (BatchingEmbedder embedder = builder().build()) {
      CompletableFuture<Embedding> hanging = embedder.embed("hanging");
      time.pass(DEADLINE.minusSeconds(1));
      CompletableFuture<Embedding> later = embedder.embed("later");
      assertThat(hanging).isNotDone();

      time.pass(Duration.ofSeconds(1));

      assertFailed(hanging, "fake", "60000 ms");
      assertThat(model.requests.getFirst().answer()).isCancelled();
      assertThat(model.last().texts()).containsExactly("later");
      model.last().succeed();
      assertThat(later).isCompleted();
    }
  }

  @Test
  void deadline_requestOfSeveralTexts_failsAllAndIsNotSentAgain() {
    try (BatchingEmbedder embedder = builder().build()) {
      List<CompletableFuture<Embedding>> futures = embedder.embedAll(List.of("a", "b"));
      time.pass(Duration.ofSeconds(30));
      CompletableFuture<Embedding> joined = embedder.embed("a");

      time.pass(Duration.ofSeconds(30));

      assertThat(futures).allSatisfy(future -> assertFailed(future, "60000 ms"));
      assertFailed(joined, "a request took");
      assertThat(model.requests).hasSize(1);
      assertThat(embedder.stats().inFlight()).isZero();
    }
  }

  @Test
  void deadline_embedderNeverReturns_failsCallersAndGivesPermitBack() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    Embedder stuck = new StuckEmbedder(entered, never);
    try (BatchingEmbedder embedder = BatchingEmbedder.builder(stuck).scheduler(time).deadline(DEADLINE).build()) {
      CompletableFuture<Embedding> first = embedder.embed("stuck");
      assertThat(entered.await(30, TimeUnit.SECONDS)).isTrue();
      time.pass(Duration.ofSeconds(30));
      CompletableFuture<Embedding> second = embedder.embed("second");

      time.pass(Duration.ofSeconds(30));

      assertThat(second.get(30, TimeUnit.SECONDS).dimension()).isEqualTo(384);
      assertThatThrownBy(() -> first.get(30, TimeUnit.SECONDS)).hasCauseInstanceOf(EmbeddingException.class);
    } finally {
      never.countDown();
    }
  }

  @Test
  void deadline_waitingText_failsAndIsNotComputed() {
    try (BatchingEmbedder embedder = builder().build()) {
      embedder.embed("first");
      CompletableFuture<Embedding> waiting = embedder.embed("waiting");
      time.pass(Duration.ofSeconds(59));
      model.last().succeed();
      CompletableFuture<Embedding> queued = embedder.embed("second");

      time.pass(Duration.ofSeconds(1));

      assertFailed(waiting, "deadline");
      assertThat(queued).isNotDone();
      assertThat(embedder.stats().waiting()).isEqualTo(1);
    }
  }

  @Test
  void embed_succeeded_leavesNoTimer() {
    try (BatchingEmbedder embedder = builder().build()) {
      embedder.embedAll(List.of("a", "b"));
      assertThat(time.pending()).isEqualTo(3);

      model.last().succeed();

      assertThat(time.pending()).isZero();
    }
  }

  @Test
  void embed_schedulerShutDown_failsAndLeavesNothing() {
    try (BatchingEmbedder embedder = builder().build()) {
      time.shutdown();

      assertFailed(embedder.embed("text"), "scheduler", "shut down");

      assertThat(embedder.stats().waiting()).isZero();
      assertThat(embedder.stats().inFlight()).isZero();
    }
  }

  // Bounds and closing

  @Test
  void embed_moreTextsThanMayWait_isRefusedUntilThereIsRoom() {
    try (BatchingEmbedder embedder = builder().maxWaiting(2).build()) {
      embedder.embed("in flight");
      embedder.embed("1");
      embedder.embed("2");

      assertFailed(embedder.embed("3"), "2 texts are waiting", "fake");
      assertThat(embedder.embed("2")).isNotDone();
      assertThat(embedder.stats().refused()).isEqualTo(1);
      model.last().succeed();
      assertThat(embedder.embed("3")).isNotDone();
    }
  }

  @Test
  void close_withTexts_failsThemAndClosesTheEmbedder() {
    BatchingEmbedder embedder = builder().build();
    CompletableFuture<Embedding> inFlight = embedder.embed("in flight");
    CompletableFuture<Embedding> waiting = embedder.embed("waiting");

    embedder.close();
    embedder.close();

    assertFailed(inFlight, "fake", "has been closed");
    assertFailed(waiting, "fake", "has been closed");
    assertFailed(embedder.embed("later"), "fake", "has been closed");
    assertThat(model.closed).isTrue();
    assertThat(model.requests).hasSize(1);
    assertThat(time.isShutdown()).isFalse();
    assertThat(time.pending()).isZero();
  }

  @Test
  void builder_invalidArguments_areRefused() {
    BatchingEmbedderBuilder builder = BatchingEmbedder.builder(model);

    assertThatThrownBy(() -> builder.concurrency(0)).hasMessageContaining("concurrency is 0");
    assertThatThrownBy(() -> builder.cacheBytes(-1)).hasMessageContaining("cacheBytes is -1");
    assertThatThrownBy(() -> builder.maxWaiting(0)).hasMessageContaining("maxWaiting is 0");
    assertThatThrownBy(() -> builder.deadline(Duration.ZERO)).hasMessageContaining("deadline is PT0S");
    assertThatThrownBy(() -> new Embedder.Limits(0, 1)).hasMessageContaining("0 texts");
  }

  @Test
  void toString_busy_describesModelAndStats() {
    try (BatchingEmbedder embedder = builder().build()) {
      embedder.embedAll(List.of("a", "b"));

      assertThat(embedder.toString())
          .startsWith(
              "BatchingEmbedder[fake, 2 dimensions, EmbeddingStats[requests=1, retries=0, embedded=0, failed=0, ")
          .contains("misses=2, coalesced=0, waiting=0, inFlight=1, capacity=4, cacheBytes=0",
              "name=fake, state=SERVING");
    }
  }

  // Many threads

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void embed_manyThreads_computesEachTextOnceForAllCallers(long seed) throws Exception {
    Random random = new Random(seed);
    ExecutorService modelThreads = Executors.newFixedThreadPool(3);
    CountingEmbedder counting = new CountingEmbedder(modelThreads);
    int threads = 8;
    try (ExecutorService callers = Executors.newFixedThreadPool(threads);
        BatchingEmbedder embedder = BatchingEmbedder.builder(counting).concurrency(2).build()) {
      CountDownLatch start = new CountDownLatch(1);
      List<Future<Void>> results = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        List<Integer> numbers = new ArrayList<>(IntStream.range(1, 500).boxed().toList());
        Collections.shuffle(numbers, random);
        results.add(callers.submit(() -> {
          start.await();
          List<CompletableFuture<Embedding>> futures = numbers.stream()
              .map(number -> embedder.embed(number.toString()))
              .toList();
          for (int i = 0; i < futures.size(); i++) {
            float[] vector = futures.get(i).get(30, TimeUnit.SECONDS).vector();
            assertThat(vector).as("seed %s", seed).containsExactly(numbers.get(i), 1);
          }
          return null;
        }));
      }
      start.countDown();
      for (Future<Void> result : results) {
        result.get(60, TimeUnit.SECONDS);
      }

      assertThat(counting.computed).as("seed %s", seed).hasSize(499).allSatisfy((text, times) -> assertThat(times)
          .isOne());
      EmbeddingStats stats = embedder.stats();
      assertThat(stats.embedded()).isEqualTo(499);
      assertThat(stats.hits() + stats.misses() + stats.coalesced()).isEqualTo(8L * 499);
      assertThat(stats.waiting()).isZero();
      assertThat(stats.inFlight()).isZero();
    } finally {
      modelThreads.shutdownNow();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 6, 7})
  void embed_manyThreadsWithCancelsAndFailures_everyFutureEnds(long seed) throws Exception {
    ExecutorService modelThreads = Executors.newFixedThreadPool(3);
    CountingEmbedder counting = new CountingEmbedder(modelThreads);
    int threads = 8;
    try (ExecutorService callers = Executors.newFixedThreadPool(threads);
        BatchingEmbedder embedder = BatchingEmbedder.builder(counting).concurrency(2).cacheBytes(0).build()) {
      List<Future<Void>> results = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        Random random = new Random(31 * seed + t);
        results.add(callers.submit(() -> {
          for (int i = 0; i < 500; i++) {
            int number = random.nextInt(50);
            CompletableFuture<Embedding> future = embedder.embed(number % 7 == 0 ? "bad " + number : "" + number);
            if (random.nextInt(3) == 0) {
              future.cancel(true);
            } else if (random.nextBoolean()) {
              CompletableFuture<?> end = future.handle((embedding, failure) -> {
                assertThat(failure == null).as("seed %s, number %s", seed, number).isEqualTo(number % 7 != 0);
                return true;
              });
              end.get(30, TimeUnit.SECONDS);
            }
          }
          return null;
        }));
      }
      for (Future<Void> result : results) {
        result.get(60, TimeUnit.SECONDS);
      }
      CompletableFuture<Embedding> last = embedder.embed("1000");
      last.get(30, TimeUnit.SECONDS);

      assertThat(counting.mostAtOnce()).as("seed %s", seed).isLessThanOrEqualTo(2);
    } finally {
      modelThreads.shutdownNow();
    }
  }

  /** An embedder that never returns from a request with the text "stuck". */
  private record StuckEmbedder(CountDownLatch entered, CountDownLatch never) implements Embedder {

    @Override
    public CompletableFuture<List<float[]>> embed(List<String> texts) {
      if (texts.contains("stuck")) {
        entered.countDown();
        try {
          never.await();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      return new HashEmbedder().embed(texts);
    }

    @Override
    public String model() {
      return "stuck";
    }

    @Override
    public int dimension() {
      return 384;
    }

    @Override
    public Limits limits() {
      return Limits.standard();
    }
  }

  /** An embedder that counts how often it computes each text, and fails a request with a bad one. */
  private static final class CountingEmbedder implements Embedder {

    private final ExecutorService threads;
    final Map<String, Integer> computed = new ConcurrentHashMap<>();
    private int running;
    private int mostAtOnce;

    CountingEmbedder(ExecutorService threads) {
      this.threads = threads;
    }

    private synchronized void running(int change) {
      running += change;
      mostAtOnce = Math.max(mostAtOnce, running);
    }

    synchronized int mostAtOnce() {
      return mostAtOnce;
    }

    @Override
    public CompletableFuture<List<float[]>> embed(List<String> texts) {
      running(1);
      return CompletableFuture.supplyAsync(() -> {
        try {
          texts.forEach(text -> computed.merge(text, 1, Integer::sum));
          return texts.stream().map(text -> new float[]{Integer.parseInt(text), 1}).toList();
        } finally {
          running(-1);
        }
      }, threads);
    }

    @Override
    public String model() {
      return "counting";
    }

    @Override
    public int dimension() {
      return 2;
    }

    @Override
    public Limits limits() {
      return new Limits(16, 1_000);
    }
  }

  // Shared exceptions

  @Test
  void embed_sharedFailure_isSeparateExceptionForEachCaller() {
    try (BatchingEmbedder embedder = builder().build()) {
      embedder.embed("busy");
      CompletableFuture<Embedding> first = embedder.embed("oboe");
      CompletableFuture<Embedding> sameText = embedder.embed("oboe");
      model.last().succeed();
      EmbeddingException cached = new EmbeddingException("it is broken for good", null);
      model.last().fail(cached);
      CompletableFuture<Embedding> later = embedder.embed("oboe");
      model.last().fail(cached);

      List<Throwable> failures = List.of(first.exceptionNow(), sameText.exceptionNow(), later.exceptionNow());
      assertThat(failures).doesNotHaveDuplicates().doesNotContain(cached).allSatisfy(each -> assertThat(each)
          .isInstanceOf(EmbeddingException.class).hasMessage("it is broken for good").hasCause(cached));
    }
  }

  @Test
  void close_twoEmbeddersFailEqually_throwsThatFailure() {
    EmbeddingException shared = new EmbeddingException("can't be closed", null);
    model.failsToClose = shared;
    BatchingEmbedder embedder = BatchingEmbedder
        .builder(EmbedderPool.builder().endpoint("one", model).endpoint("two", model).build()).build();

    assertThatThrownBy(embedder::close).isSameAs(shared);
  }
}
