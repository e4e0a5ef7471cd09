package dev.memlane.embedding.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.Embedding;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.InvalidInputException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("slow")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LocalEmbedderTest {

  private static final LocalEmbedder EMBEDDER = new LocalEmbedder(2);

  @AfterAll
  static void close() {
    EMBEDDER.close();
  }

  private static float[] embed(String text) {
    return EMBEDDER.embed(List.of(text)).join().getFirst();
  }

  private static double cosine(float[] left, float[] right) {
    double sum = 0;
    for (int i = 0; i < left.length; i++) {
      sum += left[i] * right[i];
    }
    return sum;
  }

  @Test
  void embed_relatedSentences_areNearerThanUnrelated() {
    float[] question = embed("Which instrument does Ada play?");
    float[] related = embed("Ada practises the oboe every evening.");
    float[] unrelated = embed("The train to Lisbon leaves at noon.");

    assertThat(cosine(question, related)).isGreaterThan(cosine(question, unrelated) + 0.3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Ada plays the oboe", "🎻", "🎻🎉 yes", "記憶は大切です", "...", "x", "", " ", "\u200b", "\u0007",
      "\ud800", "a\u0000b"})
  void embed_anyText_hasUnitLength(String text) {
    Embedding embedding = new Embedding(EMBEDDER.model(), embed(text));

    assertThat(embedding.dimension()).isEqualTo(384).isEqualTo(EMBEDDER.dimension());
    assertThat(cosine(embedding.vector(), embedding.vector())).isCloseTo(1, within(1e-5));
  }

  @Test
  void embed_withAnyOtherTexts_isTheSameVector() {
    String text = "Ada plays the oboe";
    List<float[]> together = EMBEDDER.embed(List.of("short", text, "a much longer sentence about the train to Lisbon"))
        .join();

    assertThat(together.get(1)).containsExactly(embed(text));
    assertThat(together.get(0)).containsExactly(embed("short"));
  }

  @Test
  void embed_longText_dependsOnMoreThanTheFirstWindow() {
    String beginning = "Ada plays the oboe. ".repeat(100);
    float[] whole = embed(beginning + "The train to Lisbon leaves at noon. ".repeat(100));

    float[] lisbon = embed("The train to Lisbon");
    assertThat(cosine(whole, lisbon)).isGreaterThan(cosine(embed(beginning), lisbon) + 0.1);
  }

  @Test
  void embed_longestContent_dependsOnItsEnd() {
    String beginning = "We talked about the weather, about football and about the neighbours. ".repeat(1_400);
    String end = "Ada has moved to Lisbon. ".repeat(60);
    String content = beginning + end;
    float[] lisbon = embed("Where does Ada live?");

    assertThat(content).endsWith("Lisbon. ").hasSizeBetween(99_000, 100_000);
    assertThat(cosine(embed(content), lisbon)).isGreaterThan(cosine(embed(beginning), lisbon) + 0.005);
    assertThat(embed("x".repeat(100_000))).hasSize(384);
    assertThat(embed(" ".repeat(100_000))).hasSize(384);
  }

  @Test
  void e5_questionsAndTexts_areEmbeddedInTheirOwnWay() throws Exception {
    try (LocalEmbedder e5 = new LocalEmbedder(LocalModel.E5_SMALL_V2, 1);
        BatchingEmbedder batching = BatchingEmbedder.builder(e5).build()) {
      String words = "Which instrument does Ada play?";
      Embedding question = batching.embedQuestion(words, null, null).get(30, TimeUnit.SECONDS);
      Embedding text = batching.embed(words).get(30, TimeUnit.SECONDS);
      Embedding related = batching.embed("Ada practises the oboe every evening.").get(30, TimeUnit.SECONDS);
      Embedding unrelated = batching.embed("The train to Lisbon leaves at noon.").get(30, TimeUnit.SECONDS);

      assertThat(List.of(question, text)).extracting(Embedding::model, Embedding::dimension)
          .containsOnly(tuple("e5-small-v2-q", 384));
      assertThat(cosine(question.vector(), text.vector())).isLessThan(0.999);
      assertThat(cosine(question.vector(), related.vector()))
          .isGreaterThan(cosine(question.vector(), unrelated.vector()) + 0.05);
      assertThat(e5.distinguishesQuestions()).isTrue();
      assertThat(EMBEDDER.distinguishesQuestions()).isFalse();
    }
  }

  @Test
  void e5_longText_dependsOnMoreThanTheFirstWindow() {
    try (LocalEmbedder e5 = new LocalEmbedder(LocalModel.E5_SMALL_V2, 1)) {
      String beginning = "Ada plays the oboe. ".repeat(200);
      List<float[]> vectors = e5
          .embed(
              List.of(beginning, beginning + "The train to Lisbon leaves at noon. ".repeat(200), "The train to Lisbon"))
          .join();

      assertThat(cosine(vectors.get(1), vectors.get(2))).isGreaterThan(cosine(vectors.get(0), vectors.get(2)) + 0.02);
    }
  }

  @Test
  void model_notOnTheClassPath_saysWhatToAdd() {
    assertThatThrownBy(() -> LocalModel.E5_SMALL_V2.requirePresent(ClassLoader.getPlatformClassLoader()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContainingAll("e5-small-v2", "dev.memlane:memlane-embedding-e5");
  }

  @Test
  void embed_manyCallers_eachGetsItsOwnVectors() {
    List<String> texts = IntStream.range(0, 40).mapToObj(i -> "Sentence number " + i + " is about topic " + i % 7)
        .toList();
    List<float[]> expected = new ArrayList<>();
    texts.forEach(text -> expected.add(embed(text)));

    List<CompletableFuture<List<float[]>>> answers = IntStream.range(0, 8)
        .parallel()
        .mapToObj(caller -> EMBEDDER.embed(texts))
        .toList();

    for (CompletableFuture<List<float[]>> answer : answers) {
      List<float[]> vectors = answer.join();
      assertThat(vectors).hasSize(40);
      for (int i = 0; i < 40; i++) {
        assertThat(vectors.get(i)).as(texts.get(i)).containsExactly(expected.get(i));
      }
    }
  }

  @Test
  void embed_throughBatchingEmbedder_passesItsChecks() throws Exception {
    try (LocalEmbedder own = new LocalEmbedder(1); BatchingEmbedder batching = BatchingEmbedder.builder(own).build()) {
      List<CompletableFuture<Embedding>> futures = batching
          .embedAll(IntStream.range(0, 50).mapToObj(i -> "Fact " + i).toList());
      for (CompletableFuture<Embedding> future : futures) {
        assertThat(future.get(30, TimeUnit.SECONDS).model()).isEqualTo("all-MiniLM-L6-v2-q");
      }
      assertThat(batching.stats().requests()).isEqualTo(2);
    }
  }

  @Test
  void warmUp_again_completes() {
    EMBEDDER.warmUp().join();

    assertThat(EMBEDDER.warmUp()).succeedsWithin(30, TimeUnit.SECONDS);
  }

  @Test
  void close_failsWaitingAndLaterTexts() {
    LocalEmbedder own = new LocalEmbedder(1);
    CompletableFuture<List<float[]>> waiting = own.embed(IntStream.range(0, 2_000).mapToObj(i -> "Fact " + i).toList());

    own.close();
    own.close();

    assertThat(waiting).isCompletedExceptionally();
    assertThat(waiting.exceptionNow()).isInstanceOf(EmbeddingException.class).hasMessageContaining("closed");
    assertThat(own.embed(List.of("later")).exceptionNow()).isInstanceOf(EmbeddingException.class)
        .hasMessageContaining("closed");
    assertThat(own.warmUp()).isCompletedExceptionally();
  }

  @Test
  void embed_moreTextsThanMayWait_failsAndStaysUsable() {
    try (LocalEmbedder own = new LocalEmbedder(1)) {
      CompletableFuture<List<float[]>> tooMany = own
          .embed(IntStream.range(0, 10_100).mapToObj(i -> "Fact " + i).toList());

      assertThat(tooMany.exceptionNow()).isInstanceOf(EmbeddingException.class).hasMessageContaining("10000 texts");
    }
    assertThatThrownBy(() -> new LocalEmbedder(0)).hasMessageContaining("threads is 0");
  }

  @Test
  void embed_modelCannotBeLoaded_failsEachCallerWithItsOwnException() {
    EmbeddingException reason = new EmbeddingException("no library for this machine", null);
    AtomicInteger loads = new AtomicInteger();
    try (LocalEmbedder broken = new LocalEmbedder(LocalModel.ALL_MINILM_L6_V2, 1, () -> {
      loads.incrementAndGet();
      throw reason;
    }, () -> 0)) {
      List<Throwable> failures = IntStream.range(0, 3)
          .mapToObj(i -> catchThrowable(() -> broken.embed(List.of("oboe")).join()).getCause()).toList();

      assertThat(loads).hasValue(1);
      assertThat(failures).doesNotHaveDuplicates().allSatisfy(each -> assertThat(each)
          .isInstanceOf(EmbeddingException.class).hasMessage("no library for this machine"));
      assertThat(failures).allSatisfy(each -> assertThat(each).hasCause(reason));
    }
  }

  @Test
  void warmUp_fails_isLoggedAndRetriedLater() {
    AtomicLong time = new AtomicLong();
    AtomicInteger loads = new AtomicInteger();
    List<LogRecord> logged = new CopyOnWriteArrayList<>();
    Logger logger = Logger.getLogger(LocalEmbedder.class.getName());
    Handler handler = new Handler() {
      @Override
      public void publish(LogRecord record) {
        logged.add(record);
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
    logger.addHandler(handler);
    try (LocalEmbedder embedder = new LocalEmbedder(LocalModel.ALL_MINILM_L6_V2, 1, () -> {
      if (loads.incrementAndGet() == 1) {
        throw new EmbeddingException("the disk for temporary files is full", null);
      }
      return SentenceModel.load(LocalModel.ALL_MINILM_L6_V2);
    }, time::get)) {
      assertThatThrownBy(() -> embedder.warmUp().join()).hasMessageContaining("is full");
      assertThat(logged).singleElement().satisfies(record -> {
        assertThat(record.getLevel()).isEqualTo(Level.WARNING);
        assertThat(record.getThrown()).hasMessageContaining("is full");
      });

      assertThatThrownBy(() -> embedder.embed(List.of("oboe")).join()).hasMessageContaining("is full");
      time.addAndGet(Duration.ofSeconds(10).toNanos());
      assertThat(embedder.embed(List.of("oboe")).join()).hasSize(1);
      assertThat(loads).hasValue(2);
    } finally {
      logger.removeHandler(handler);
    }
  }

  @Test
  void embed_nativeLibraryCannotBeLoaded_isNotRetried() {
    AtomicLong time = new AtomicLong();
    AtomicInteger loads = new AtomicInteger();
    try (LocalEmbedder embedder = new LocalEmbedder(LocalModel.ALL_MINILM_L6_V2, 1, () -> {
      loads.incrementAndGet();
      throw new EmbeddingException("no library for this machine", new UnsatisfiedLinkError("libonnxruntime"));
    }, time::get)) {
      assertThatThrownBy(() -> embedder.embed(List.of("oboe")).join()).hasMessageContaining("no library");
      time.addAndGet(Duration.ofDays(1).toNanos());
      assertThatThrownBy(() -> embedder.embed(List.of("oboe")).join()).hasMessageContaining("no library");
      assertThat(loads).hasValue(1);
    }
  }

  @Test
  void close_duringWarmUp_waitsForTheModelAndUnloadsIt() throws Exception {
    CountDownLatch loading = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    LocalEmbedder embedder = new LocalEmbedder(LocalModel.ALL_MINILM_L6_V2, 1, () -> {
      loading.countDown();
      try {
        release.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return SentenceModel.load(LocalModel.ALL_MINILM_L6_V2);
    }, System::nanoTime);
    CompletableFuture<Void> warm = embedder.warmUp();
    loading.await();

    CompletableFuture<Void> closing = CompletableFuture.runAsync(embedder::close);
    release.countDown();
    closing.get(30, TimeUnit.SECONDS);

    assertThat(warm).isDone();
    assertThatThrownBy(() -> embedder.embed(List.of("oboe")).join()).hasMessageContaining("closed");
  }
}
