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
 * A client of the embeddings that OpenAI's API defines, and many servers offer: OpenAI, deployments at Azure, Ollama, vLLM,
 * text-embeddings-inference, LocalAI.
 *
 * <pre>{@code
 * OpenAiEmbedder.openAi("text-embedding-3-small", 1536).apiKey(key).build()
 * OpenAiEmbedder.azure("https://my.openai.azure.com", "my-deployment", "2024-10-21", "text-embedding-3-small", 1536)
 * OpenAiEmbedder.at("http://localhost:11434/v1", "nomic-embed-text", 768).build()
 * }</pre>
 *
 * <p>
 * It sends each request once and fails with an {@link EndpointException} that says what may be done; an
 * {@link EmbedderPool} does it. An answer is checked: as many vectors as texts, each with its number, in whatever order;
 * what is in the vectors {@link BatchingEmbedder} checks. The vectors come as base64, which is a third of the bytes; a server
 * that sends numbers instead is understood as well. Redirections are not followed. Safe for use by several threads.
 *
 * <p>
 * <b>Time.</b> A request ends within its time-out, 60 s unless set, from when it is sent to the last byte of the answer; also one
 * to a server that never answers, or sends a byte now and then. In a pool the endpoint's own time-out ends it before.
 */
public final class OpenAiEmbedder implements MeteredEmbedder {

  private static final int OK = 200;
  private static final Duration LONGEST_TIMEOUT = Duration.ofHours(1);
  private static final int BYTES_PER_NUMBER = 32;
  private static final int BYTES_BESIDES = 1 << 20;

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

  private OpenAiEmbedder(Builder builder) {
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
    // Without TLS there is no telling beforehand whether a server speaks HTTP/2, and the request to upgrade confuses some.
    HttpClient.Version version = isEncrypted(url) ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1;
    return HttpClient.newBuilder().connectTimeout(connectTimeout).version(version)
        .followRedirects(HttpClient.Redirect.NEVER).build();
  }

  private static boolean isEncrypted(URI url) {
    return "https".equalsIgnoreCase(url.getScheme());
  }

  /**
   * A model of OpenAI.
   *
   * @param dimension how many numbers a vector shall have; OpenAI shortens those of its newer models
   */
  public static Builder openAi(String model, int dimension) {
    return at("https://api.openai.com/v1", model, dimension).sendDimension(true);
  }

  /**
   * A deployment at Azure, which is asked with the header {@code api-key}.
   *
   * @param resource such as {@code https://my.openai.azure.com}
   * @param apiVersion such as {@code 2024-10-21}
   * @param model the name of the model that is deployed, as it is to be recorded beside each vector
   */
  public static Builder azure(String resource, String deployment, String apiVersion, String model, int dimension) {
    return new Builder(uri(withoutSlash(resource) + "/openai/deployments/" + deployment + "/embeddings?api-version="
        + apiVersion), model, dimension).sentModel(null).header("api-key", "");
  }

  /**
   * A server that offers OpenAI's API.
   *
   * @param baseUrl the part of its address that {@code /embeddings} is added to, such as {@code http://localhost:8080/v1}
   * @param model the model's name, as the server knows it and as it is recorded beside each vector
   * @param dimension how many numbers the model's vectors have
   */
  public static Builder at(String baseUrl, String model, int dimension) {
    return new Builder(uri(withoutSlash(baseUrl) + "/embeddings"), model, dimension);
  }

  private static String withoutSlash(String url) {
    return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
  }

  private static URI uri(String url) {
    URI uri;
    try {
      uri = new URI(url);
    } catch (URISyntaxException e) {
      // Neither the address nor the cause, which repeats it: there may be a password in it.
      throw new InvalidInputException("the endpoint's address is none: " + e.getReason() + " at character "
          + (e.getIndex() + 1));
    }
    boolean web = "http".equalsIgnoreCase(uri.getScheme()) || isEncrypted(uri);
    if (!web || uri.getHost() == null || uri.getUserInfo() != null) {
      throw new InvalidInputException("the endpoint's address must begin with https:// or http:// and a host, as in "
          + "https://api.openai.com/v1, and hold no password");
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
    long mostBytes = BYTES_BESIDES + (long) texts.size() * dimension * BYTES_PER_NUMBER;
    CompletableFuture<HttpResponse<byte[]>> response = client.sendAsync(request.build(),
        info -> new BoundedBody(mostBytes));
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    // Of its own, because completing the client's would not break off the request. The client's time-outs end with the headers.
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
        // Not on the thread that keeps the time for the whole JVM: what is chained to the answer may block.
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
      // Also errors: the waiting caller must be notified.
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
      // Some servers put every error into an answer with status 200.
      Failure failure = e.status == 0 ? Failure.UNAVAILABLE : Failure.ofStatus(e.status, e.said);
      throw new EndpointException(failure,
          this + " answered with an error" + hint(failure, e.status) + ": " + quote(e.said),
          headers.pause(), null);
    } catch (JsonEOFException e) {
      throw new EndpointException(Failure.UNAVAILABLE, this + " sent an answer that ends in the middle", null);
    } catch (JsonProcessingException e) {
      // Without the parser's words, and without the cause, which quotes the answer: some providers repeat the key.
      String said = quote(new String(response.body(), StandardCharsets.UTF_8));
      throw new EndpointException(Failure.UNAVAILABLE, this + " sent an answer that holds no embeddings: " + said,
          null);
    } catch (IOException e) {
      throw new EndpointException(Failure.UNAVAILABLE,
          this + " sent an answer that is none: " + quote(String.valueOf(e.getMessage())), null);
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
      return " (it moved: give the address that it redirects to)";
    }
    if (failure != Failure.DENIED) {
      return "";
    }
    return switch (status) {
      case 401, 403 -> " (check its key, and what that may be used for)";
      case 402, 429 -> " (check the credit of its account)";
      default -> " (check its address and the model's name)";
    };
  }

  /** What others wrote, short, on one line and without the key, which some providers repeat. */
  private String quote(String text) {
    return Reasons.said(apiKey == null ? text : apiKey.hideIn(text));
  }

  private EndpointException translate(Throwable failure) {
    Throwable cause = failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
    if (closed) {
      return new EndpointException(Failure.UNKNOWN, this + " was closed while it was asked", cause);
    }
    if (cause instanceof BoundedBody.TooLongException tooLong) {
      return new EndpointException(Failure.UNAVAILABLE, this + " sent " + tooLong.getMessage(), cause);
    }
    if (cause instanceof HttpTimeoutException) {
      return new EndpointException(Failure.TIMED_OUT, this + " can't be reached in time: " + Reasons.of(cause), cause);
    }
    boolean unreachable = cause instanceof IOException || cause instanceof UncheckedIOException;
    return new EndpointException(unreachable ? Failure.UNAVAILABLE : Failure.UNKNOWN,
        this + (unreachable ? " can't be reached, or broke off: " : " failed: ") + quote(Reasons.of(cause)), cause);
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

  /** Breaks off what is in flight, unless the client is the caller's. */
  @Override
  public void close() {
    closed = true;
    if (ownsClient) {
      client.shutdownNow();
    }
  }

  /** Its host and path; not what follows, which may hold secrets. */
  @Override
  public String toString() {
    return url.getScheme() + "://" + url.getAuthority() + url.getPath();
  }

  /** Collects the options. Not safe for use by several threads. */
  public static final class Builder {

    private final URI url;
    private final String model;
    private final int dimension;
    private @Nullable String sentModel;
    private boolean sendDimension;
    private boolean base64 = true;
    private boolean unencryptedKey;
    private @Nullable ApiKey apiKey;
    private String header = "Authorization";
    private String prefix = "Bearer ";
    private Limits limits = Limits.standard();
    private @Nullable HttpClient client;
    private Duration timeout = Duration.ofSeconds(60);
    private Duration connectTimeout = Duration.ofSeconds(5);
    private InstantSource clock = InstantSource.system();

    private Builder(URI url, String model, int dimension) {
      if (model.isBlank() || dimension < 1) {
        throw new InvalidInputException(
            "an endpoint needs a model's name and the dimension of its vectors, at least 1; "
                + "they are '" + model + "' and " + dimension);
      }
      this.url = url;
      this.model = model;
      this.sentModel = model;
      this.dimension = dimension;
    }

    /** The key that goes with each request; none unless set. */
    public Builder apiKey(@Nullable ApiKey apiKey) {
      this.apiKey = apiKey;
      return this;
    }

    /** In which header the key goes, and after which word; {@code Authorization} and {@code "Bearer "} unless set. */
    public Builder header(String name, String prefix) {
      if (!name.matches("[A-Za-z0-9-]+") || !prefix.matches("[ -~]*")) {
        throw new InvalidInputException(
            "the header for the key must have a name of letters, digits and hyphens, and no "
                + "control characters before the key");
      }
      this.header = name;
      this.prefix = prefix;
      return this;
    }

    /** Allows a key to go to another machine without encryption, as behind a proxy of one's own. Not unless set. */
    public Builder unencryptedKey(boolean allowed) {
      this.unencryptedKey = allowed;
      return this;
    }

    /** The model's name as the server knows it, if it is another; null to send none. */
    public Builder sentModel(@Nullable String sentModel) {
      this.sentModel = sentModel;
      return this;
    }

    /** Whether to ask for vectors of this dimension, from models that can shorten them. Not unless set, except for OpenAI. */
    public Builder sendDimension(boolean sendDimension) {
      this.sendDimension = sendDimension;
      return this;
    }

    /** Whether to ask for base64, as is done unless set otherwise, for servers that refuse to be asked. */
    public Builder base64(boolean base64) {
      this.base64 = base64;
      return this;
    }

    /** How much a request may hold; 64 texts and 200,000 characters unless set. */
    public Builder limits(Limits limits) {
      this.limits = limits;
      return this;
    }

    /**
     * How long a request may take, to the last byte of its answer; 60 s unless set, an hour at most. Set it as long as an
     * endpoint's or a deadline that is longer.
     */
    public Builder timeout(Duration timeout) {
      this.timeout = checked("timeout", timeout);
      return this;
    }

    /** How long making a connection may take, 5 s unless set, an hour at most. A client of the caller's own has its own. */
    public Builder connectTimeout(Duration connectTimeout) {
      this.connectTimeout = checked("connectTimeout", connectTimeout);
      return this;
    }

    private static Duration checked(String name, Duration time) {
      if (time.isNegative() || time.isZero() || time.compareTo(LONGEST_TIMEOUT) > 0) {
        throw new InvalidInputException(
            name + " is " + time + "; it must be longer than nothing and at most " + LONGEST_TIMEOUT);
      }
      return time;
    }

    /** Sends the requests; stays the caller's to close. One of its own unless set. */
    public Builder client(HttpClient client) {
      this.client = client;
      return this;
    }

    /** What time it is, to read times in headers by. */
    public Builder clock(InstantSource clock) {
      this.clock = clock;
      return this;
    }

    /** @throws InvalidInputException if a key would go to another machine without encryption, or after redirects */
    public OpenAiEmbedder build() {
      boolean here = url.getHost().matches("localhost|127(\\.[0-9]{1,3}){3}|\\[::1]");
      if (apiKey != null && !isEncrypted(url) && !here && !unencryptedKey) {
        throw new InvalidInputException("the key for " + url.getHost()
            + " would go over the network unencrypted; use https, or allow it with unencryptedKey(true)");
      }
      if (apiKey != null && client != null && client.followRedirects() != HttpClient.Redirect.NEVER) {
        throw new InvalidInputException("the client follows redirects, which would carry the key for " + url.getHost()
            + " elsewhere; build it with Redirect.NEVER");
      }
      return new OpenAiEmbedder(this);
    }
  }
}
