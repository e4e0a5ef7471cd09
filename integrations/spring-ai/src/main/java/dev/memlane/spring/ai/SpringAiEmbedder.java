package dev.memlane.spring.ai;

import dev.memlane.embedding.BlockingCall;
import dev.memlane.embedding.MeteredEmbedder;
import dev.memlane.endpoints.Allowance;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.model.InvalidInputException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
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
    return BlockingCall.start("memlane-spring-ai", () -> ask(texts), thrown -> ModelFailures.translate(model, thrown));
  }

  private Answer ask(List<String> texts) {
    EmbeddingResponse response = embeddings.embedForResponse(texts);
    Usage usage = response.getMetadata() == null ? null : response.getMetadata().getUsage();
    Integer tokens = usage == null ? null : usage.getPromptTokens();
    return new Answer(response.getResults().stream().map(Embedding::getOutput).toList(),
        tokens == null || tokens == 0 ? Allowance.UNKNOWN : tokens, null);
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
