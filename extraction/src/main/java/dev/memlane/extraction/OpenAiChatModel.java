package dev.memlane.extraction;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.http.HttpEndpoint;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A client of OpenAI's chat completions API, which most servers of models offer: OpenAI, deployments at Azure, Ollama,
 * vLLM, LM Studio, LocalAI, and the gateways in front of others.
 *
 * <pre>{@code
 * OpenAiChatModel.openAi("gpt-5-mini").apiKey(key).build()
 * OpenAiChatModel.at("http://localhost:11434/v1", "qwen3").build()
 * }</pre>
 *
 * <p>
 * It sends each request once and fails with an {@link EndpointException}, such as for a retry by a {@link ChatModelPool}.
 * What {@link HttpEndpoint} says about keys, time and sizes holds here too.
 *
 * <p>
 * <b>Schemas.</b> A server that enforces schemas gets the schema as such. If it refuses that (status 400 or 422, with an
 * error that names {@code response_format}), the same request is sent again in the next simpler {@link AnswerFormat}, and
 * so are all requests after it. Safe for use by several threads.
 */
public final class OpenAiChatModel implements ChatModel {

  private static final long BYTES_PER_TOKEN = 64;
  private static final long MAX_OTHER_BYTES = 1 << 20;

  private final HttpEndpoint endpoint;
  private final String model;
  private final OpenAiChatMessages messages;
  private volatile AnswerFormat format;

  OpenAiChatModel(OpenAiChatModelBuilder builder) {
    this.endpoint = builder.endpoint.build();
    this.model = builder.model;
    this.messages = new OpenAiChatMessages(builder.sentModel, builder.limitField, builder.temperature);
    this.format = builder.format;
  }

  /** Begins to build a client of a model of OpenAI. */
  public static OpenAiChatModelBuilder openAi(String model) {
    return at("https://api.openai.com/v1", model).completionTokens(true);
  }

  /**
   * Begins to build a client of a deployment at Azure, which expects the key in the header {@code api-key}.
   *
   * @param resource such as {@code https://my.openai.azure.com}
   * @param apiVersion such as {@code 2024-10-21}
   * @param model the deployed model's name, for reports
   */
  public static OpenAiChatModelBuilder azure(String resource, String deployment, String apiVersion, String model) {
    return new OpenAiChatModelBuilder(HttpEndpoint.at(resource, "/openai/deployments/" + deployment
        + "/chat/completions?api-version=" + apiVersion), model).sentModel(null).header("api-key", "");
  }

  /**
   * Begins to build a client of a server that offers OpenAI's API.
   *
   * @param baseUrl its address without {@code /chat/completions}, such as {@code http://localhost:8080/v1}
   * @param model the model's name, as the server knows it
   */
  public static OpenAiChatModelBuilder at(String baseUrl, String model) {
    return new OpenAiChatModelBuilder(HttpEndpoint.at(baseUrl, "/chat/completions"), model);
  }

  @Override
  public CompletableFuture<ChatAnswer> chat(ChatRequest request) {
    return chat(request, format);
  }

  private CompletableFuture<ChatAnswer> chat(ChatRequest request, AnswerFormat asked) {
    CompletableFuture<ChatAnswer> sent = endpoint.post(messages.request(request, asked),
        MAX_OTHER_BYTES + BYTES_PER_TOKEN * request.maxTokens(), "a message", OpenAiChatMessages::read);
    if (request.schema() == null || asked == AnswerFormat.TEXT) {
      return sent;
    }
    CompletableFuture<ChatAnswer> answer = new CompletableFuture<>();
    var unused = sent.whenComplete((received, failure) -> {
      if (failure == null) {
        answer.complete(received);
      } else if (isAboutTheFormat(failure) && !answer.isCancelled()) {
        // Another request may have gone further meanwhile.
        format = format == asked ? asked.simpler() : format;
        forward(chat(request, asked.simpler()), answer);
      } else {
        answer.completeExceptionally(failure);
      }
    });
    cancelWith(answer, sent);
    return answer;
  }

  private static void forward(CompletableFuture<ChatAnswer> from, CompletableFuture<ChatAnswer> to) {
    var unused = from.whenComplete((received, failure) -> {
      if (failure == null) {
        to.complete(received);
      } else {
        to.completeExceptionally(failure);
      }
    });
    cancelWith(to, from);
  }

  private static void cancelWith(CompletableFuture<ChatAnswer> caller, CompletableFuture<ChatAnswer> request) {
    var unused = caller.whenComplete((received, failure) -> {
      if (caller.isCancelled()) {
        request.cancel(true);
      }
    });
  }

  private static boolean isAboutTheFormat(Throwable failure) {
    Throwable cause = failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
    return SchemaInWords.isRefusalOfTheFormat(cause);
  }

  @Override
  public String model() {
    return model;
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
