package dev.memlane.spring.ai;

import dev.memlane.embedding.BlockingCall;
import dev.memlane.embedding.MeteredEmbedder;
import dev.memlane.endpoints.Allowance;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.Reasons;
import dev.memlane.model.InvalidInputException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.http.HttpTimeoutException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.metadata.Usage;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingResponse;

/**
 * An embedder that uses an embedding model of Spring AI.
 *
 * <pre>{@code
 * Embedder embedder = SpringAiEmbedder.of(embeddingModel, "text-embedding-3-small", 1536);
 * MemoryOrchestrator.builder().embedder(embedder)...open();
 * }</pre>
 *
 * <p>
 * Each request runs on its own virtual thread, which is interrupted if the request is cancelled. Failures become
 * {@link EndpointException}s, so that an {@link dev.memlane.embedding.EmbedderPool} knows what to do. <b>Switch off the
 * model's own retries</b> ({@code spring.ai.retry.max-attempts=1}), which would hide failures. Safe for use by several
 * threads if the model is.
 */
public final class SpringAiEmbedder implements MeteredEmbedder {

  private static final int DEEPEST_CAUSE = 10;
  /** What Spring AI's models throw. Known by name, because the module that has them is optional. */
  private static final String TRANSIENT = "org.springframework.ai.retry.TransientAiException";
  private static final String NON_TRANSIENT = "org.springframework.ai.retry.NonTransientAiException";
  /** How their messages begin, if the failure is an answer: "HTTP 429 - ..." or "429 - ...". */
  private static final Pattern STATUS = Pattern.compile("^(?:HTTP )?(\\d{3})\\b");

  private final EmbeddingModel embeddings;
  private final String model;
  private final int dimension;
  private final Limits limits;

  private SpringAiEmbedder(EmbeddingModel embeddings, String model, int dimension, Limits limits) {
    if (model.isBlank() || dimension < 1) {
      throw new InvalidInputException(
          "an embedder needs a model's name and the dimension of its vectors, at least 1; they "
              + "are '" + model + "' and " + dimension);
    }
    this.embeddings = Objects.requireNonNull(embeddings, "embeddings");
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
  public static SpringAiEmbedder of(EmbeddingModel embeddings, String model, int dimension) {
    return new SpringAiEmbedder(embeddings, model, dimension, Limits.standard());
  }

  /** Returns the same embedder with other limits of a request. */
  public SpringAiEmbedder limits(Limits limits) {
    return new SpringAiEmbedder(embeddings, model, dimension, limits);
  }

  @Override
  public CompletableFuture<Answer> embedMetered(List<String> texts) {
    return BlockingCall.start("memlane-spring-ai", () -> ask(texts), this::translate);
  }

  private Answer ask(List<String> texts) {
    EmbeddingResponse response = embeddings.embedForResponse(texts);
    Usage usage = response.getMetadata() == null ? null : response.getMetadata().getUsage();
    Integer tokens = usage == null ? null : usage.getPromptTokens();
    return new Answer(response.getResults().stream().map(Embedding::getOutput).toList(),
        tokens == null || tokens == 0 ? Allowance.UNKNOWN : tokens, null);
  }

  private EndpointException translate(Throwable thrown) {
    Throwable cause = thrown;
    for (int i = 0; i < DEEPEST_CAUSE && cause != null; i++) {
      Failure failure = failure(cause);
      if (failure == Failure.DENIED) {
        // Without the exception's message: it is the provider's answer, in which some repeat the key.
        return new EndpointException(failure,
            "model " + model + " was denied; check its key, its name and address, and the "
                + "credit of its account",
            null);
      }
      if (failure != null) {
        return new EndpointException(failure, describe(cause), thrown);
      }
      cause = cause.getCause();
    }
    return new EndpointException(Failure.UNKNOWN, describe(thrown), thrown);
  }

  private String describe(Throwable thrown) {
    return "model " + model + " failed: " + Reasons.of(thrown);
  }

  private static @Nullable Failure failure(Throwable thrown) {
    String name = thrown.getClass().getName();
    if (name.equals(TRANSIENT) || name.equals(NON_TRANSIENT)) {
      String message = Objects.requireNonNullElse(thrown.getMessage(), "");
      Matcher status = STATUS.matcher(message);
      if (status.find()) {
        return Failure.ofStatus(Integer.parseInt(status.group(1)), message);
      }
      return name.equals(TRANSIENT) ? Failure.UNAVAILABLE : Failure.REFUSED;
    }
    return switch (thrown) {
      case HttpTimeoutException e -> Failure.TIMED_OUT;
      case SocketTimeoutException e -> Failure.TIMED_OUT;
      case TimeoutException e -> Failure.TIMED_OUT;
      case IOException e -> Failure.UNAVAILABLE;
      case IllegalArgumentException e -> Failure.REFUSED;
      default -> null;
    };
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
    return "SpringAiEmbedder[" + model + ", " + dimension + " dimensions]";
  }
}
