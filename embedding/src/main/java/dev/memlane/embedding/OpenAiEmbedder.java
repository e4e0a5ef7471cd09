package dev.memlane.embedding;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.http.HttpEndpoint;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A client of OpenAI's embeddings API, which many servers offer: OpenAI, deployments at Azure, Ollama, vLLM,
 * text-embeddings-inference, LocalAI.
 *
 * <pre>{@code
 * OpenAiEmbedder.openAi("text-embedding-3-small", 1536).apiKey(key).build()
 * OpenAiEmbedder.azure("https://my.openai.azure.com", "my-deployment", "2024-10-21", "text-embedding-3-small", 1536)
 * OpenAiEmbedder.at("http://localhost:11434/v1", "nomic-embed-text", 768).build()
 * }</pre>
 *
 * <p>
 * It sends each request once and fails with an {@link EndpointException} that says what may be done, such as a retry by
 * an {@link EmbedderPool}. It checks that an answer has exactly one vector for each text, in any order;
 * {@link BatchingEmbedder} checks the vectors. Vectors are requested as base64, which has a third of the bytes; vectors
 * as numbers are accepted as well. Redirects are not followed. Safe for use by several threads.
 *
 * <p>
 * <b>Time.</b> A request ends within its time-out (60 s unless set), which runs from sending the request to the last
 * byte of the answer, even if the server never answers, or sends a byte now and then. In a pool, the endpoint's own
 * time-out usually ends it first.
 */
public final class OpenAiEmbedder implements MeteredEmbedder {

  private static final int MAX_BYTES_PER_NUMBER = 32;
  private static final int MAX_OTHER_BYTES = 1 << 20;

  private final HttpEndpoint endpoint;
  private final String model;
  private final int dimension;
  private final Limits limits;
  private final OpenAiMessages messages;

  OpenAiEmbedder(OpenAiEmbedderBuilder builder) {
    this.endpoint = builder.endpoint.build();
    this.model = builder.model;
    this.dimension = builder.dimension;
    this.limits = builder.limits;
    this.messages = new OpenAiMessages(builder.sentModel, builder.sendDimension ? dimension : 0, builder.base64);
  }

  /**
   * Begins to build a client of a model of OpenAI.
   *
   * @param dimension how many numbers a vector should have; OpenAI can shorten the vectors of its newer models
   */
  public static OpenAiEmbedderBuilder openAi(String model, int dimension) {
    return at("https://api.openai.com/v1", model, dimension).sendDimension(true);
  }

  /**
   * Begins to build a client of a deployment at Azure, which expects the key in the header {@code api-key}.
   *
   * @param resource such as {@code https://my.openai.azure.com}
   * @param apiVersion such as {@code 2024-10-21}
   * @param model the name of the deployed model, as it is to be stored with each vector
   */
  public static OpenAiEmbedderBuilder azure(String resource, String deployment, String apiVersion, String model,
      int dimension) {
    return new OpenAiEmbedderBuilder(HttpEndpoint.at(resource, "/openai/deployments/" + deployment
        + "/embeddings?api-version=" + apiVersion), model, dimension).sentModel(null).header("api-key", "");
  }

  /**
   * Begins to build a client of a server that offers OpenAI's API.
   *
   * @param baseUrl its address without {@code /embeddings}, such as {@code http://localhost:8080/v1}
   * @param model the model's name, as the server knows it and as it is stored with each vector
   * @param dimension how many numbers the model's vectors have
   */
  public static OpenAiEmbedderBuilder at(String baseUrl, String model, int dimension) {
    return new OpenAiEmbedderBuilder(HttpEndpoint.at(baseUrl, "/embeddings"), model, dimension);
  }

  @Override
  public CompletableFuture<Answer> embedMetered(List<String> texts) {
    long maxBytes = MAX_OTHER_BYTES + (long) texts.size() * dimension * MAX_BYTES_PER_NUMBER;
    return endpoint.post(messages.request(texts), maxBytes, "embeddings", (body, allowance) -> {
      OpenAiMessages.Vectors vectors = messages.read(body, texts.size(), dimension);
      return new Answer(vectors.vectors(), vectors.tokens(), allowance);
    });
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

  /** Cancels the requests in flight, unless the client is the caller's. */
  @Override
  public void close() {
    endpoint.close();
  }

  /** The scheme, host and path; not the query, which may contain secrets. */
  @Override
  public String toString() {
    return endpoint.toString();
  }
}
