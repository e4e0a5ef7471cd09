package dev.memlane.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.ContentFilteredException;
import dev.langchain4j.exception.HttpException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.UnresolvedModelServerException;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.MeteredEmbedder;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.EndpointLimits;
import dev.memlane.endpoints.EndpointState;
import dev.memlane.endpoints.Failure;
import dev.memlane.testing.EmbeddingProvider;
import dev.memlane.testing.PlainMessages;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LangChain4jEmbedderTest {

  private static final String SECRET = "sk-secret-of-mine";

  private final EmbeddingProvider provider = EmbeddingProvider.start(8);
  private final EmbeddingProvider.Key key = provider.key(SECRET);

  @AfterEach
  void close() {
    provider.close();
  }

  private LangChain4jEmbedder embedder(String secret) {
    EmbeddingModel model = OpenAiEmbeddingModel.builder().baseUrl(provider.url()).apiKey(secret).modelName("test")
        .maxRetries(0).timeout(Duration.ofSeconds(2)).build();
    return LangChain4jEmbedder.of(model, "test", 8);
  }

  private static EndpointException failure(CompletableFuture<?> future) {
    try {
      future.orTimeout(30, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      return assertInstanceOf(EndpointException.class, e.getCause());
    }
    throw new AssertionError("it succeeded");
  }

  @Test
  void embed_throughLangChain4jsClient_givesTheVectorsInOrder() {
    MeteredEmbedder.Answer answer = embedder(SECRET).embedMetered(List.of("a", "bb")).join();

    assertThat(answer.vectors()).containsExactly(provider.vector("a"), provider.vector("bb"));
    assertThat(answer.tokens()).isEqualTo(2);
  }

  @Test
  void embed_failures_areClassified() {
    key.poison(text -> text.equals("poison"));
    assertThat(failure(embedder(SECRET).embed(List.of("poison"))).failure()).isEqualTo(Failure.REFUSED);
    assertThat(failure(embedder(SECRET).embed(List.of(" "))).failure()).isEqualTo(Failure.REFUSED);
    key.fault(EmbeddingProvider.Fault.ERROR);
    assertThat(failure(embedder(SECRET).embed(List.of("a"))).failure()).isEqualTo(Failure.UNAVAILABLE);
    key.fault(EmbeddingProvider.Fault.RESET);
    assertThat(failure(embedder(SECRET).embed(List.of("a"))).failure()).isEqualTo(Failure.UNAVAILABLE);
    key.fault(null).concurrency(0);
    assertThat(failure(embedder(SECRET).embed(List.of("a"))).failure()).isEqualTo(Failure.BUSY);
    key.fault(EmbeddingProvider.Fault.OUT_OF_CREDIT).concurrency(1);
    assertThat(failure(embedder(SECRET).embed(List.of("a"))).failure()).isEqualTo(Failure.DENIED);
    EndpointException denied = failure(embedder("sk-wrong-secret").embed(List.of("a")));
    assertThat(denied.failure()).isEqualTo(Failure.DENIED);
    assertThat(denied).hasMessageContaining("check its key").hasMessageNotContaining("sk-wrong-secret").hasNoCause();
    PlainMessages.assertPlain(String.valueOf(denied.getMessage()));
  }

  @Test
  void embed_anyExceptionOfLangChain4j_hasPlainMessage() {
    for (RuntimeException thrown : List.of(new ContentFilteredException("no"),
        new ModelNotFoundException("no such model"),
        new UnresolvedModelServerException("no"), new RateLimitException("insufficient_quota"),
        new HttpException(404, "no"), new HttpException(402, "no"), new HttpException(503, "<html>no</html>"),
        new IllegalStateException(new UnknownHostException("api.example.com")), new NullPointerException(),
        new IllegalStateException(new ConnectException("Connection refused")),
        new IllegalStateException("java.net.SocketTimeoutException: Read timed out"))) {
      EndpointException failure = failure(
          LangChain4jEmbedder.of(new Throwing(thrown), "test", 8).embed(List.of("a")));

      PlainMessages.assertPlain(String.valueOf(failure.getMessage()));
    }
    assertThat(denied(new ModelNotFoundException("no"))).hasMessageContaining("check its name");
    assertThat(denied(new RateLimitException("insufficient_quota"))).hasMessageContaining("credit");
    assertThat(denied(new HttpException(404, "no"))).hasMessageContaining("address").hasMessageNotContaining("key");
  }

  private static EndpointException denied(RuntimeException thrown) {
    EndpointException failure = failure(LangChain4jEmbedder.of(new Throwing(thrown), "test", 8).embed(List.of("a")));
    assertThat(failure.failure()).isEqualTo(Failure.DENIED);
    return failure;
  }

  @Test
  void embed_anyExceptionOfLangChain4j_isClassified() {
    assertThat(thrown(new ContentFilteredException("no"))).isEqualTo(Failure.REFUSED);
    assertThat(thrown(new UnresolvedModelServerException("no"))).isEqualTo(Failure.UNAVAILABLE);
    assertThat(thrown(new IllegalStateException(new HttpException(429, "no")))).isEqualTo(Failure.BUSY);
    assertThat(thrown(new HttpException(404, "no"))).isEqualTo(Failure.DENIED);
    assertThat(thrown(new HttpException(405, "no"))).isEqualTo(Failure.DENIED);
    assertThat(thrown(new HttpException(503, "no"))).isEqualTo(Failure.UNAVAILABLE);
    assertThat(thrown(new IllegalStateException(new IOException("no")))).isEqualTo(Failure.UNAVAILABLE);
    assertThat(thrown(new IllegalStateException("no"))).isEqualTo(Failure.UNKNOWN);
  }

  private static Failure thrown(RuntimeException failure) {
    return failure(LangChain4jEmbedder.of(new Throwing(failure), "test", 8).embed(List.of("a"))).failure();
  }

  private record Throwing(RuntimeException failure) implements EmbeddingModel {
    @Override
    public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
      throw failure;
    }
  }

  @Test
  void cancel_inFlight_interruptsTheModel() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    EmbeddingModel stuck = new Stuck(entered, interrupted);

    CompletableFuture<MeteredEmbedder.Answer> answer = LangChain4jEmbedder.of(stuck, "test", 8)
        .embedMetered(List.of("a"));
    assertThat(entered.await(30, TimeUnit.SECONDS)).isTrue();
    answer.cancel(true);

    assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
  }

  private record Stuck(CountDownLatch entered, CountDownLatch interrupted) implements EmbeddingModel {
    @Override
    public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
      entered.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        interrupted.countDown();
      }
      throw new IllegalStateException("nobody listens");
    }
  }

  @Test
  void pool_oneBadModel_usesTheOthers() {
    EmbedderPool pool = EmbedderPool.builder()
        .endpoint("bad", embedder("sk-wrong-secret"), EndpointLimits.none().concurrency(2))
        .endpoint("good", embedder(SECRET).limits(new Embedder.Limits(8, 1_000)), EndpointLimits.none().concurrency(2))
        .build();
    try (BatchingEmbedder batching = BatchingEmbedder.builder(pool).build()) {
      var futures = batching.embedAll(IntStream.range(0, 200).mapToObj(i -> "text " + i).toList());

      assertThat(futures).allSatisfy(future -> assertThat(future.get(30, TimeUnit.SECONDS).dimension()).isEqualTo(8));
      assertThat(batching.stats().endpoints().getFirst().state()).isEqualTo(EndpointState.OUT);
    }
  }

  @Test
  void of_invalidArguments_areRefused() {
    assertThatThrownBy(() -> LangChain4jEmbedder.of(new Throwing(new IllegalStateException()), " ", 8))
        .hasMessageContaining("a model's name");
  }
}
