package dev.memlane.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.EndpointLimits;
import dev.memlane.endpoints.EndpointState;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.model.Embedding;
import dev.memlane.testing.EmbeddingProvider;
import dev.memlane.testing.EmbeddingProvider.Fault;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests with a server that behaves, and misbehaves, like providers. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OpenAiEmbedderTest {

  private static final String SECRET = "sk-secret-of-mine";
  private static final int DIMENSION = 8;

  private final EmbeddingProvider provider = EmbeddingProvider.start(DIMENSION);
  private final EmbeddingProvider.Key key = provider.key(SECRET);

  @AfterEach
  void close() {
    provider.close();
  }

  private OpenAiEmbedderBuilder client(String secret) {
    return OpenAiEmbedder.at(provider.url(), "test", DIMENSION).apiKey(ApiKey.of(secret));
  }

  private OpenAiEmbedder client() {
    return client(SECRET).build();
  }

  private static EndpointException failure(CompletableFuture<?> future) {
    try {
      future.orTimeout(30, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      return assertInstanceOf(EndpointException.class, e.getCause());
    }
    throw new AssertionError("it succeeded");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void embed_numbersOrBase64_returnsVectors(boolean base64) {
    List<String> texts = List.of("Ada plays the oboe", "\"quoted\" \\ \n\u2028 \u0000 🎻", "", "記憶");
    try (OpenAiEmbedder embedder = client(SECRET).base64(base64).build()) {
      MeteredEmbedder.Answer answer = embedder.embedMetered(texts).join();

      assertThat(answer.vectors()).hasSize(4);
      for (int i = 0; i < texts.size(); i++) {
        assertThat(answer.vectors().get(i)).as(texts.get(i)).containsExactly(provider.vector(texts.get(i)));
      }
      assertThat(answer.tokens()).isPositive();
      assertThat(embedder.embed(texts).join()).hasSize(4);
    }
  }

  @Test
  void embed_answersInAnotherOrder_arePutInOrder() {
    key.fault(Fault.SHUFFLED);
    try (OpenAiEmbedder embedder = client()) {
      assertThat(embedder.embed(List.of("a", "bb", "ccc")).join())
          .containsExactly(provider.vector("a"), provider.vector("bb"), provider.vector("ccc"));
    }
  }

  @Test
  void embed_loneSurrogate_isReplaced() {
    try (OpenAiEmbedder embedder = client()) {
      assertThat(embedder.embed(List.of("a\ud800b 🎻")).join()).containsExactly(provider.vector("a?b 🎻"));
    }
  }

  @ParameterizedTest
  @CsvSource({"RESET, UNAVAILABLE", "ERROR, UNAVAILABLE", "TRUNCATED, UNAVAILABLE", "MISSING, UNAVAILABLE"})
  void embed_brokenAnswer_isUnavailable(Fault fault, Failure failure) {
    key.fault(fault);
    try (OpenAiEmbedder embedder = client()) {
      assertThat(failure(embedder.embed(List.of("a", "b"))).failure()).isEqualTo(failure);
    }
  }

  @Test
  void embed_serverDown_isUnavailable() {
    provider.goDown();
    try (OpenAiEmbedder embedder = client()) {
      EndpointException failure = failure(embedder.embed(List.of("a")));
      assertThat(failure.failure()).isEqualTo(Failure.UNAVAILABLE);
      assertThat(failure).hasMessageContaining("can't be reached");
    }
    provider.comeBack();
    try (OpenAiEmbedder embedder = client()) {
      assertThat(embedder.embed(List.of("a")).join()).hasSize(1);
    }
  }

  @Test
  void embed_tooManyRequests_isBusyWithRetryAfter() {
    key.concurrency(0).retryAfter(Duration.ofMillis(1_250));
    try (OpenAiEmbedder embedder = client()) {
      EndpointException failure = failure(embedder.embed(List.of("a")));
      assertThat(failure.failure()).isEqualTo(Failure.BUSY);
      assertThat(failure.retryAfter()).contains(Duration.ofMillis(1_250));
    }
  }

  @Test
  void embed_outOfCredit_isDenied() {
    key.fault(Fault.OUT_OF_CREDIT);
    try (OpenAiEmbedder embedder = client()) {
      EndpointException failure = failure(embedder.embed(List.of("a")));

      assertThat(failure.failure()).isEqualTo(Failure.DENIED);
      assertThat(failure).hasMessageContainingAll("status 429", "check the credit", "You exceeded your current quota");
    }
  }

  @Test
  void embed_outOfCreditWithRetryAfter_isBusy() {
    key.fault(Fault.OUT_OF_CREDIT).concurrency(0).retryAfter(Duration.ofMillis(1_250));
    try (OpenAiEmbedder embedder = client()) {
      EndpointException failure = failure(embedder.embed(List.of("a")));

      assertThat(failure.failure()).isEqualTo(Failure.BUSY);
      assertThat(failure.retryAfter()).contains(Duration.ofMillis(1_250));
      assertThat(failure).hasMessageNotContaining("check the credit");
    }
  }

  @Test
  void pool_outOfCredit_failsAtOnceAndSaysWhy() {
    key.fault(Fault.OUT_OF_CREDIT);
    try (BatchingEmbedder embedder = pool(EndpointLimits.none().concurrency(1), SECRET)) {
      assertThat(embed(embedder, 1)).singleElement()
          .satisfies(failure -> assertThat(failure).hasMessageContaining("check the credit"));

      assertThat(embedder.stats().endpoints().getFirst().state()).isEqualTo(EndpointState.OUT);
      assertThat(embedder.stats().endpoints().getFirst().requests()).isEqualTo(1);
    }
  }

  @Test
  void embed_badKey_isDeniedWithoutRevealingIt() {
    try (OpenAiEmbedder embedder = client("sk-wrong-secret").build()) {
      EndpointException failure = failure(embedder.embed(List.of("a")));

      assertThat(failure.failure()).isEqualTo(Failure.DENIED);
      assertThat(failure).hasMessageContainingAll("status 401", "check its key", "***");
      assertThat(failure.toString() + embedder + ApiKey.of("sk-wrong-secret")).doesNotContain("sk-wrong-secret");
    }
  }

  @Test
  void embed_refusedText_isRefused() {
    key.poison(text -> text.contains("poison"));
    try (OpenAiEmbedder embedder = client()) {
      EndpointException failure = failure(embedder.embed(List.of("a", "poison")));
      assertThat(failure.failure()).isEqualTo(Failure.REFUSED);
      assertThat(failure).hasMessageContainingAll("status 400", "This input is not allowed");
    }
  }

  @Test
  void embed_wrongDimensionOrZeros_isRefused() {
    key.fault(Fault.WRONG_DIMENSION);
    try (BatchingEmbedder embedder = BatchingEmbedder.builder(client()).build()) {
      assertThatThrownBy(() -> embedder.embed("a").join()).hasMessageContaining("a vector of 3 dimensions");
      key.fault(Fault.ZERO);
      assertThatThrownBy(() -> embedder.embed("a").join()).hasMessageContaining("not all zero");
      key.fault(null);
      assertThat(embedder.embed("a").join().vector()).containsExactly(provider.vector("a"));
    }
  }

  @Test
  void cancel_inFlight_closesTheConnection() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        OpenAiEmbedder embedder = OpenAiEmbedder.at("http://127.0.0.1:" + server.getLocalPort(), "test", 8).build()) {
      CompletableFuture<MeteredEmbedder.Answer> answer = embedder.embedMetered(List.of("a"));
      try (Socket connection = server.accept()) {
        connection.setSoTimeout(30_000);
        InputStream request = connection.getInputStream();
        assertThat(request.read()).isEqualTo('P');

        answer.cancel(true);

        assertThat(end(request)).isTrue();
      }
    }
  }

  /** Reads until the other side closes the connection. Returns false if it does not in time. */
  private static boolean end(InputStream input) throws IOException {
    try {
      input.transferTo(OutputStream.nullOutputStream());
    } catch (SocketTimeoutException e) {
      return false;
    } catch (SocketException e) {
      // Reset instead of closed.
      return true;
    }
    return true;
  }

  @Test
  void azure_request_hasItsHeaderAndPath() {
    try (OpenAiEmbedder embedder = OpenAiEmbedder.azure(provider.url().replace("/v1", ""), "mine", "2024-10-21", "test",
        DIMENSION).apiKey(ApiKey.of(SECRET)).build()) {
      assertThat(embedder.embed(List.of("a")).join()).containsExactly(provider.vector("a"));
      assertThat(embedder.toString()).endsWith("/openai/deployments/mine/embeddings");
      assertThat(embedder.model()).isEqualTo("test");
    }
  }

  @Test
  void builder_settingsThatRevealTheKey_areRefused() {
    assertThatThrownBy(() -> OpenAiEmbedder.at("http://example.com/v1", "m", 8).apiKey(ApiKey.of(SECRET)).build())
        .hasMessageContainingAll("example.com", "unencrypted").hasMessageNotContaining(SECRET);
    assertThatThrownBy(() -> OpenAiEmbedder.at("http://127.example.com/v1", "m", 8).apiKey(ApiKey.of(SECRET)).build())
        .hasMessageContaining("unencrypted");
    try (HttpClient following = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.ALWAYS).build()) {
      assertThatThrownBy(() -> client(SECRET).client(following).build()).hasMessageContaining("redirects");
    }
    assertThatThrownBy(() -> OpenAiEmbedder.at("https://me:my pass@example.com/v1", "m", 8))
        .hasMessageContaining("address is not valid").hasMessageNotContaining("pass").hasNoCause();
    assertThatThrownBy(() -> client(SECRET).header("X\n", "")).hasMessageContaining("header");
    assertThatThrownBy(() -> client(SECRET).header("X", "Bearer\n")).hasMessageContaining("printable ASCII");
    OpenAiEmbedder.at("http://example.com/v1", "m", 8).apiKey(ApiKey.of(SECRET)).unencryptedKey(true).build().close();
    OpenAiEmbedder.at("http://example.com/v1", "m", 8).build().close();
    assertThatThrownBy(() -> OpenAiEmbedder.at("https://me:mine@example.com/v1", "m", 8))
        .hasMessageContaining("no password");
    assertThatThrownBy(() -> OpenAiEmbedder.at("ftp://example.com/v1", "m", 8)).hasMessageContaining("https://");
    assertThatThrownBy(() -> OpenAiEmbedder.at("https://example.com/v1", "m", 0)).hasMessageContaining("at least 1");
  }

  // The pool, over HTTP

  private BatchingEmbedder pool(EndpointLimits limits, String... secrets) {
    EmbedderPool.Builder pool = EmbedderPool.builder();
    for (int i = 0; i < secrets.length; i++) {
      pool.endpoint("number " + i, client(secrets[i]).limits(new Embedder.Limits(16, 10_000)).build(), limits);
    }
    return BatchingEmbedder.builder(pool.build()).build();
  }

  private List<Throwable> embed(BatchingEmbedder embedder, int texts) {
    List<CompletableFuture<Embedding>> futures = embedder
        .embedAll(IntStream.range(0, texts).mapToObj(i -> "text " + i).toList());
    List<Throwable> failures = new ArrayList<>();
    for (int i = 0; i < texts; i++) {
      try {
        assertThat(futures.get(i).join().vector()).containsExactly(provider.vector("text " + i));
      } catch (CompletionException e) {
        failures.add(e.getCause());
      }
    }
    return failures;
  }

  @ParameterizedTest
  @EnumSource(value = Fault.class, mode = EnumSource.Mode.EXCLUDE, names = {"ZERO", "SHUFFLED", "OUT_OF_CREDIT"})
  void pool_oneOfThreeEndpointsBad_noTextFails(Fault fault) {
    provider.key("two");
    provider.key("three");
    key.fault(fault);
    try (BatchingEmbedder embedder = pool(EndpointLimits.none().concurrency(5).timeout(Duration.ofMillis(500)), SECRET,
        "two", "three")) {
      assertThat(embed(embedder, 2_000)).isEmpty();

      assertThat(embedder.stats().endpoints().getFirst().failed()).isPositive();
      assertThat(embedder.stats().failed()).isZero();
    }
  }

  @Test
  void pool_oneBadKey_isTakenOut_andOthersDoTheWork() {
    provider.key("two");
    try (BatchingEmbedder embedder = pool(EndpointLimits.none().concurrency(2), "sk-wrong-secret", "two")) {
      assertThat(embed(embedder, 500)).isEmpty();

      assertThat(embedder.stats().endpoints().getFirst().state()).isEqualTo(EndpointState.OUT);
      assertThat(embedder.stats().endpoints().getFirst().reason()).contains("401").doesNotContain("sk-wrong-secret");
      assertThat(embedder.stats().endpoints().getFirst().requests()).isLessThanOrEqualTo(2);
    }
  }

  @Test
  void pool_poisonTexts_exactlyThoseFail() {
    key.poison(text -> text.endsWith("77"));
    provider.key("two").poison(text -> text.endsWith("77"));
    try (BatchingEmbedder embedder = pool(EndpointLimits.none().concurrency(4), SECRET, "two")) {
      List<Throwable> failures = embed(embedder, 10_000);

      assertThat(failures).hasSize(100)
          .allSatisfy(failure -> assertThat(failure).hasMessageContaining("This input is not allowed"));
      assertThat(provider.computed()).hasSize(9_900)
          .allSatisfy((text, times) -> assertThat(times).as(text).isEqualTo(1));
    }
  }

  @Test
  void pool_configuredConcurrency_isNeverExceeded() {
    key.concurrency(3);
    provider.key("two").concurrency(1);
    EmbedderPool pool = EmbedderPool.builder()
        .endpoint("one", client(SECRET).limits(new Embedder.Limits(4, 1_000)).build(),
            EndpointLimits.none().concurrency(3))
        .endpoint("two", client("two").limits(new Embedder.Limits(4, 1_000)).build(),
            EndpointLimits.none().concurrency(1))
        .build();
    try (BatchingEmbedder embedder = BatchingEmbedder.builder(pool).build()) {
      assertThat(embed(embedder, 4_000)).isEmpty();
    }
    assertThat(key.refused()).isZero();
    assertThat(key.mostInFlight()).isBetween(1, 3);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void pool_repeatedTexts_areComputedOnce(long seed) throws Exception {
    provider.key("two");
    List<String> texts = repeated(1_000, seed);
    try (BatchingEmbedder embedder = pool(EndpointLimits.none().concurrency(2), SECRET, "two");
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      CountDownLatch start = new CountDownLatch(1);
      List<Future<Embedding>> answers = new ArrayList<>();
      for (String text : texts) {
        answers.add(callers.submit(() -> {
          start.await();
          return embedder.embed(text).get(30, TimeUnit.SECONDS);
        }));
      }
      start.countDown();
      for (int i = 0; i < texts.size(); i++) {
        assertThat(answers.get(i).get().vector()).as("seed %s", seed).containsExactly(provider.vector(texts.get(i)));
      }
    }
    assertThat(provider.computed()).as("seed %s", seed).hasSize(300)
        .allSatisfy((text, times) -> assertThat(times).as(text).isEqualTo(1));
  }

  /** Texts in random order, 70 % of which repeat others. */
  private static List<String> repeated(int count, long seed) {
    Random random = new Random(seed);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      texts.add("text " + (i < count * 3 / 10 ? i : random.nextInt(count * 3 / 10)));
    }
    Collections.shuffle(texts, random);
    return texts;
  }
}
