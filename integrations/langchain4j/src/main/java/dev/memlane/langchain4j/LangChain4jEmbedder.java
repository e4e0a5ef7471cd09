package dev.memlane.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.AuthenticationException;
import dev.langchain4j.exception.HttpException;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.RetriableException;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.exception.UnresolvedModelServerException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import dev.memlane.embedding.BlockingCall;
import dev.memlane.embedding.MeteredEmbedder;
import dev.memlane.endpoints.Allowance;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.Reasons;
import dev.memlane.model.InvalidInputException;
import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * An embedder that uses an embedding model of LangChain4j.
 *
 * <pre>{@code
 * EmbeddingModel model = OpenAiEmbeddingModel.builder().modelName("text-embedding-3-small").maxRetries(0)...build();
 * Embedder embedder = LangChain4jEmbedder.of(model, "text-embedding-3-small", 1536);
 * }</pre>
 *
 * <p>
 * Each request runs on its own virtual thread, which is interrupted if the request is cancelled. LangChain4j's
 * exceptions become {@link EndpointException}s, so that an {@link dev.memlane.embedding.EmbedderPool} knows what to do.
 * <b>Switch off the model's own retries</b> ({@code maxRetries(0)}), which would hide failures. LangChain4j doesn't
 * pass on {@code Retry-After} and rate-limit headers, so the pool backs off instead. Safe for use by several threads if
 * the model is.
 */
public final class LangChain4jEmbedder implements MeteredEmbedder {

  private static final int DEEPEST_CAUSE = 10;

  private final EmbeddingModel embeddings;
  private final String model;
  private final int dimension;
  private final Limits limits;

  private LangChain4jEmbedder(EmbeddingModel embeddings, String model, int dimension, Limits limits) {
    if (model.isBlank() || dimension < 1) {
      throw new InvalidInputException(
          "an embedder needs a model's name and the dimension of its vectors, at least 1; they "
              + "are '" + model + "' and " + dimension);
    }
    this.embeddings = embeddings;
    this.model = model;
    this.dimension = dimension;
    this.limits = limits;
  }

  /**
   * Creates an embedder with {@linkplain dev.memlane.embedding.Embedder.Limits#standard the standard limits} of a
   * request.
   *
   * @param embeddings makes the vectors; the caller closes it
   * @param model the model's name, as it is stored with each vector
   * @param dimension how many numbers its vectors have; a parameter because asking the model may cost a request
   */
  public static LangChain4jEmbedder of(EmbeddingModel embeddings, String model, int dimension) {
    return new LangChain4jEmbedder(embeddings, model, dimension, Limits.standard());
  }

  /** Returns the same embedder with other limits of a request. */
  public LangChain4jEmbedder limits(Limits limits) {
    return new LangChain4jEmbedder(embeddings, model, dimension, limits);
  }

  @Override
  public CompletableFuture<Answer> embedMetered(List<String> texts) {
    return BlockingCall.start("memlane-langchain4j", () -> ask(texts), this::translate);
  }

  private Answer ask(List<String> texts) {
    Response<List<Embedding>> response = embeddings.embedAll(texts.stream().map(TextSegment::from).toList());
    TokenUsage usage = response.tokenUsage();
    Integer tokens = usage == null ? null : usage.inputTokenCount();
    return new Answer(response.content().stream().map(Embedding::vector).toList(),
        tokens == null ? Allowance.UNKNOWN : tokens, null);
  }

  private EndpointException translate(Throwable thrown) {
    Throwable cause = thrown;
    for (int i = 0; i < DEEPEST_CAUSE && cause != null; i++) {
      Failure failure = failure(cause);
      if (failure == Failure.DENIED) {
        // Without the exception's message: it is the provider's answer, in which some repeat the key.
        return new EndpointException(failure, "model " + model + " was denied; " + advice(cause), null);
      }
      if (failure != null) {
        return new EndpointException(failure, describe(cause), thrown);
      }
      cause = cause.getCause();
    }
    return new EndpointException(Failure.UNKNOWN, describe(thrown), thrown);
  }

  private static String advice(Throwable denial) {
    return switch (denial) {
      case AuthenticationException e -> "check its key";
      case ModelNotFoundException e -> "check its name and address";
      case RateLimitException e -> "check the credit of its account";
      case HttpException e when e.statusCode() == 401 || e.statusCode() == 403 -> "check its key";
      case HttpException e when e.statusCode() == 402 || e.statusCode() == 429 -> "check the credit of its account";
      default -> "check its name and address";
    };
  }

  private String describe(Throwable thrown) {
    return "model " + model + " failed: " + Reasons.of(thrown);
  }

  private static @Nullable Failure failure(Throwable thrown) {
    return switch (thrown) {
      case RateLimitException e -> Failure.ofStatus(429, answer(e));
      case TimeoutException e -> Failure.TIMED_OUT;
      case HttpTimeoutException e -> Failure.TIMED_OUT;
      case AuthenticationException e -> Failure.DENIED;
      case ModelNotFoundException e -> Failure.DENIED;
      case InvalidRequestException e -> Failure.REFUSED;
      case UnsupportedFeatureException e -> Failure.REFUSED;
      case IllegalArgumentException e -> Failure.REFUSED;
      case InternalServerException e -> Failure.UNAVAILABLE;
      case UnresolvedModelServerException e -> Failure.UNAVAILABLE;
      case RetriableException e -> Failure.UNAVAILABLE;
      case HttpException e -> Failure.ofStatus(e.statusCode(), answer(e));
      case IOException e -> Failure.UNAVAILABLE;
      default -> null;
    };
  }

  /** The provider's answer, if there is one. Its headers, which may say when to retry, are lost. */
  private static String answer(Throwable thrown) {
    return Objects.requireNonNullElse(thrown.getMessage(), "");
  }

  @Override
  public String model() {
    return model;
  }

  @Override
  public int dimension() {
    return dimension;
  }

  @Override
  public Limits limits() {
    return limits;
  }

  @Override
  public String toString() {
    return "LangChain4jEmbedder[" + model + ", " + dimension + " dimensions]";
  }
}
