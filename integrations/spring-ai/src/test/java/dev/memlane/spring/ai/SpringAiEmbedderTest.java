package dev.memlane.spring.ai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.MeteredEmbedder.Answer;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.model.InvalidInputException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.EmbeddingResponseMetadata;
import org.springframework.ai.retry.NonTransientAiException;
import org.springframework.ai.retry.TransientAiException;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SpringAiEmbedderTest {

  /** A model that answers by a function. */
  private record FunctionModel(Function<List<String>, EmbeddingResponse> answer) implements EmbeddingModel {

    @Override
    public EmbeddingResponse call(EmbeddingRequest request) {
      return answer.apply(request.getInstructions());
    }

    @Override
    public float[] embed(Document document) {
      throw new UnsupportedOperationException();
    }
  }

  private static SpringAiEmbedder embedder(Function<List<String>, EmbeddingResponse> answer) {
    return SpringAiEmbedder.of(new FunctionModel(answer), "model-1", 2);
  }

  private static List<Embedding> lengths(List<String> texts) {
    return IntStream.range(0, texts.size()).mapToObj(i -> new Embedding(new float[]{texts.get(i).length(), 1}, i))
        .toList();
  }

  @Test
  void texts_areEmbeddedInOneRequest_inOrder_andTokensAreReported() throws Exception {
    SpringAiEmbedder embedder = embedder(texts -> new EmbeddingResponse(lengths(texts),
        new EmbeddingResponseMetadata("model-1", new DefaultUsage(12, 0))));

    Answer answer = embedder.embedMetered(List.of("oboe", "Ada plays", "a")).get();

    assertThat(answer.vectors()).containsExactly(new float[]{4, 1}, new float[]{9, 1}, new float[]{1, 1});
    assertThat(answer.tokens()).isEqualTo(12);
    assertThat(embedder.model()).isEqualTo("model-1");
    assertThat(embedder.dimension()).isEqualTo(2);
    assertThat(embedder.embed(List.of("oboe")).get()).hasSize(1);
  }

  @Test
  void usage_thatIsNotReported_isUnknown() throws Exception {
    assertThat(embedder(texts -> new EmbeddingResponse(lengths(texts))).embedMetered(List.of("oboe")).get().tokens())
        .isNegative();
  }

  @ParameterizedTest
  @MethodSource
  void failure_ofTheModel_saysWhatToDo(RuntimeException thrown, Failure expected) {
    SpringAiEmbedder embedder = embedder(texts -> {
      throw thrown;
    });

    assertThatThrownBy(() -> embedder.embed(List.of("a secret text")).get()).isInstanceOf(ExecutionException.class)
        .cause().isInstanceOfSatisfying(EndpointException.class, e -> {
          assertThat(e.failure()).isEqualTo(expected);
          assertThat(e).hasMessageContaining("model-1").hasMessageNotContaining("a secret text")
              .hasMessageNotContaining("sk-123");
        });
  }

  static Stream<Object[]> failure_ofTheModel_saysWhatToDo() {
    return Stream.of(new Object[]{new NonTransientAiException("HTTP 429 - slow down"), Failure.BUSY},
        new Object[]{new NonTransientAiException("HTTP 429 - insufficient_quota"), Failure.DENIED},
        new Object[]{new NonTransientAiException("HTTP 401 - wrong key sk-123"), Failure.DENIED},
        new Object[]{new NonTransientAiException("HTTP 400 - too long"), Failure.REFUSED},
        new Object[]{new NonTransientAiException("not to be retried"), Failure.REFUSED},
        new Object[]{new TransientAiException("HTTP 503 - overloaded"), Failure.UNAVAILABLE},
        new Object[]{new TransientAiException("try again"), Failure.UNAVAILABLE},
        new Object[]{new IllegalStateException(new ConnectException("refused")), Failure.UNAVAILABLE},
        new Object[]{new IllegalStateException(new SocketTimeoutException("late")), Failure.TIMED_OUT},
        new Object[]{new java.io.UncheckedIOException(new IOException("broken")), Failure.UNAVAILABLE},
        new Object[]{new IllegalArgumentException("too long"), Failure.REFUSED},
        new Object[]{new IllegalStateException("a defect"), Failure.UNKNOWN});
  }

  @Test
  void cancelling_interruptsTheRequest() throws Exception {
    CountDownLatch began = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    CompletableFuture<Answer> answer = embedder(texts -> {
      began.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        interrupted.countDown();
      }
      throw new IllegalStateException("interrupted");
    }).embedMetered(List.of("oboe"));
    began.await();

    answer.cancel(true);

    interrupted.await();
    assertThat(answer).isCancelled();
  }

  @Test
  void modelWithoutNameOrDimension_isRefused() {
    assertThatThrownBy(
        () -> SpringAiEmbedder.of(new FunctionModel(texts -> new EmbeddingResponse(lengths(texts))), " ", 2))
        .isInstanceOf(InvalidInputException.class);
    assertThatThrownBy(
        () -> SpringAiEmbedder.of(new FunctionModel(texts -> new EmbeddingResponse(lengths(texts))), "m", 0))
        .isInstanceOf(InvalidInputException.class);
  }
}
