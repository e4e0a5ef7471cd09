package dev.memlane.embedding;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.Reasons;
import dev.memlane.model.InvalidInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

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

  private static final int OK = 200;
  private static final int MAX_BYTES_PER_NUMBER = 32;
  private static final int MAX_OTHER_BYTES = 1 << 20;

  private final URI url;
  private final String model;
  private final int dimension;
  private final Limits limits;
  private final OpenAiMessages messages;
  private final @Nullable ApiKey apiKey;
  private final String header;
  private final String prefix;
  private final HttpClient client;
  private final boolean ownsClient;
  private final Duration timeout;
  private final InstantSource clock;
  private volatile boolean closed;

  OpenAiEmbedder(OpenAiEmbedderBuilder builder) {
    this.url = builder.url;
    this.model = builder.model;
    this.dimension = builder.dimension;
    this.limits = builder.limits;
    this.messages = new OpenAiMessages(builder.sentModel, builder.sendDimension ? dimension : 0, builder.base64);
    this.apiKey = builder.apiKey;
    this.header = builder.header;
    this.prefix = builder.prefix;
    this.ownsClient = builder.client == null;
    this.client = builder.client == null ? newClient(url, builder.connectTimeout) : builder.client;
    this.timeout = builder.timeout;
    this.clock = builder.clock;
  }

  private static HttpClient newClient(URI url, Duration connectTimeout) {
    // Without TLS, HTTP/2 would need a request to upgrade, which confuses some servers.
    HttpClient.Version version = isEncrypted(url) ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1;
    return HttpClient.newBuilder().connectTimeout(connectTimeout).version(version)
        .followRedirects(HttpClient.Redirect.NEVER).build();
  }

  static boolean isEncrypted(URI url) {
    return "https".equalsIgnoreCase(url.getScheme());
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
    return new OpenAiEmbedderBuilder(uri(withoutSlash(resource) + "/openai/deployments/" + deployment
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
    return new OpenAiEmbedderBuilder(uri(withoutSlash(baseUrl) + "/embeddings"), model, dimension);
  }

  private static String withoutSlash(String url) {
    return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
  }

  private static URI uri(String url) {
    URI uri;
    try {
      uri = new URI(url);
    } catch (URISyntaxException e) {
      // Without the address, and without the cause, which repeats it: it may contain a password.
      throw new InvalidInputException("the endpoint's address is not valid: " + e.getReason() + " at character "
          + (e.getIndex() + 1));
    }
    boolean web = "http".equalsIgnoreCase(uri.getScheme()) || isEncrypted(uri);
    if (!web || uri.getHost() == null || uri.getUserInfo() != null) {
      throw new InvalidInputException("the endpoint's address must begin with https:// or http:// and a host, as in "
          + "https://api.openai.com/v1, and contain no password");
    }
    return uri;
  }

  @Override
  public CompletableFuture<Answer> embedMetered(List<String> texts) {
    HttpRequest.Builder request = HttpRequest.newBuilder(url).header("Content-Type", "application/json")
        .header("Accept", "application/json").POST(BodyPublishers.ofByteArray(messages.request(texts)));
    if (apiKey != null) {
      request.header(header, prefix + apiKey.reveal());
    }
    long maxBytes = MAX_OTHER_BYTES + (long) texts.size() * dimension * MAX_BYTES_PER_NUMBER;
    CompletableFuture<HttpResponse<byte[]>> response = client.sendAsync(request.build(),
        info -> new BoundedBody(maxBytes));
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    // The client's own time-out ends with the headers. And timing out the client's future would not cancel its request.
    CompletableFuture<HttpResponse<byte[]>> whole = new CompletableFuture<HttpResponse<byte[]>>()
        .orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS);
    CompletableFuture<?> unused = response.whenComplete((received, failure) -> {
      if (failure == null) {
        whole.complete(received);
      } else {
        whole.completeExceptionally(failure);
      }
    });
    unused = whole.whenComplete((received, failure) -> {
      if (failure instanceof TimeoutException) {
        response.cancel(true);
        // Not on the JVM's timer thread, because stages chained to the answer may block.
        Thread.startVirtualThread(() -> answer.completeExceptionally(late()));
      } else {
        end(answer, received, failure, texts.size());
      }
    });
    unused = answer.whenComplete((value, failure) -> {
      if (answer.isCancelled()) {
        response.cancel(true);
      }
    });
    return answer;
  }

  private void end(CompletableFuture<Answer> answer, @Nullable HttpResponse<byte[]> received,
      @Nullable Throwable failure, int texts) {
    try {
      if (received == null) {
        answer.completeExceptionally(translate(Objects.requireNonNull(failure)));
      } else {
        answer.complete(read(received, texts));
      }
    } catch (Throwable e) {
      // Errors too: the waiting caller must be notified.
      answer.completeExceptionally(e);
    }
  }

  private EndpointException late() {
    return new EndpointException(Failure.TIMED_OUT,
        this + " did not answer completely within " + timeout.toMillis() + " ms", null);
  }

  private Answer read(HttpResponse<byte[]> response, int texts) {
    RateLimitHeaders headers = new RateLimitHeaders(response.headers(), clock);
    if (response.statusCode() != OK) {
      throw refusal(response, headers);
    }
    try {
      OpenAiMessages.Vectors vectors = messages.read(response.body(), texts, dimension);
      return new Answer(vectors.vectors(), vectors.tokens(), headers.allowance());
    } catch (OpenAiMessages.ErrorAnswer e) {
      // Some servers send errors with status 200.
      Failure failure = e.status == 0 ? Failure.UNAVAILABLE : Failure.ofStatus(e.status, e.said);
      throw new EndpointException(failure,
          this + " answered with an error" + hint(failure, e.status) + ": " + quote(e.said),
          headers.pause(), null);
    } catch (JsonEOFException e) {
      throw new EndpointException(Failure.UNAVAILABLE, this + " sent an incomplete answer", null);
    } catch (JsonProcessingException e) {
      // Without the parser's message, and without the cause, which quote the answer: some providers repeat the key.
      String said = quote(new String(response.body(), StandardCharsets.UTF_8));
      throw new EndpointException(Failure.UNAVAILABLE, this + " sent an answer without embeddings: " + said, null);
    } catch (IOException e) {
      throw new EndpointException(Failure.UNAVAILABLE,
          this + " sent an unusable answer: " + quote(String.valueOf(e.getMessage())), null);
    }
  }

  private EndpointException refusal(HttpResponse<byte[]> response, RateLimitHeaders headers) {
    int status = response.statusCode();
    String said = quote(messages.readError(response.body()));
    Duration pause = headers.pause();
    Failure failure = pause == null
        ? Failure.ofStatus(status, new String(response.body(), StandardCharsets.UTF_8))
        : Failure.ofStatus(status);
    return new EndpointException(failure, this + " answered with status " + status + hint(failure, status)
        + (said.isEmpty() ? "" : ": " + said), pause, null);
  }

  private static String hint(Failure failure, int status) {
    if (status >= 300 && status < 400) {
      return " (it moved: use the address that it redirects to)";
    }
    if (failure != Failure.DENIED) {
      return "";
    }
    return switch (status) {
      case 401, 403 -> " (check its key, and the key's permissions)";
      case 402, 429 -> " (check the credit of its account)";
      default -> " (check its address and the model's name)";
    };
  }

  /** Quotes foreign text: short, on one line, and without the key, which some providers repeat. */
  private String quote(String text) {
    return Reasons.describeAnswer(apiKey == null ? text : apiKey.hideIn(text));
  }

  private EndpointException translate(Throwable failure) {
    Throwable cause = failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
    // An answer that is not HTTP is quoted by the client's exception, and may repeat the key.
    Throwable loggable = apiKey != null && apiKey.isIn(cause) ? null : cause;
    if (closed) {
      return new EndpointException(Failure.UNKNOWN, this + " was closed during the request", loggable);
    }
    if (cause instanceof BoundedBody.TooLongException tooLong) {
      return new EndpointException(Failure.UNAVAILABLE, this + " sent " + tooLong.getMessage(), loggable);
    }
    if (cause instanceof HttpTimeoutException) {
      return new EndpointException(Failure.TIMED_OUT, this + " can't be reached in time: " + Reasons.of(cause),
          loggable);
    }
    boolean unreachable = cause instanceof IOException || cause instanceof UncheckedIOException;
    return new EndpointException(unreachable ? Failure.UNAVAILABLE : Failure.UNKNOWN,
        this + (unreachable ? " can't be reached, or broke the connection: " : " failed: ") + quote(Reasons.of(cause)),
        loggable);
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
    closed = true;
    if (ownsClient) {
      client.shutdownNow();
    }
  }

  /** The scheme, host and path; not the query, which may contain secrets. */
  @Override
  public String toString() {
    return url.getScheme() + "://" + url.getAuthority() + url.getPath();
  }
}
