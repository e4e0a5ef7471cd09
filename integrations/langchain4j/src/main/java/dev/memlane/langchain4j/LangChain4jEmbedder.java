package dev.memlane.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import dev.memlane.embedding.BlockingCall;
import dev.memlane.embedding.MeteredEmbedder;
import dev.memlane.endpoints.Allowance;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.model.InvalidInputException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

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
    return BlockingCall.start("memlane-langchain4j", () -> ask(texts),
        thrown -> ModelFailures.translate(model, thrown));
  }

  private Answer ask(List<String> texts) {
    Response<List<Embedding>> response = embeddings.embedAll(texts.stream().map(TextSegment::from).toList());
    TokenUsage usage = response.tokenUsage();
    Integer tokens = usage == null ? null : usage.inputTokenCount();
    return new Answer(response.content().stream().map(Embedding::vector).toList(),
        tokens == null ? Allowance.UNKNOWN : tokens, null);
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
