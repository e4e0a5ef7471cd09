package dev.memlane.endpoints.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import dev.memlane.endpoints.Allowance;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.Reasons;
import dev.memlane.model.InvalidInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A client of one address that takes JSON by POST, with a key, and answers with JSON.
 *
 * <p>
 * It sends each request once and fails with an {@link EndpointException} that says what may be done, such as a retry
 * elsewhere. No message contains the key, even if the server repeats it. Redirects are not followed. An answer that is
 * longer than any can be is given up. Safe for use by several threads.
 *
 * <p>
 * <b>Time.</b> A request ends within its time-out (60 s unless set), which runs from sending the request to the last
 * byte of the answer, even if the server never answers, or sends a byte now and then.
 */
public final class HttpEndpoint implements AutoCloseable {

  private static final int OK = 200;

  private final URI url;
  private final @Nullable ApiKey apiKey;
  private final String header;
  private final String prefix;
  private final HttpClient client;
  private final boolean ownsClient;
  private final Duration timeout;
  private final InstantSource clock;
  private volatile boolean closed;

  HttpEndpoint(HttpEndpointBuilder builder) {
    this.url = builder.url;
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
    HttpClient.Version version = HttpEndpointBuilder.isEncrypted(url)
        ? HttpClient.Version.HTTP_2
        : HttpClient.Version.HTTP_1_1;
    return HttpClient.newBuilder().connectTimeout(connectTimeout).version(version)
        .followRedirects(HttpClient.Redirect.NEVER).build();
  }

  /**
   * Begins to build a client.
   *
   * @param baseUrl such as {@code https://api.openai.com/v1}; a slash at its end is ignored
   * @param path what follows it, such as {@code /embeddings}
   * @throws InvalidInputException if it is no address of a web server, or contains a password; the message doesn't
   * repeat it
   */
  public static HttpEndpointBuilder at(String baseUrl, String path) {
    return new HttpEndpointBuilder(baseUrl, path);
  }

  /** A reader of answers with status 200. */
  @FunctionalInterface
  public interface AnswerReader<T> {

    /**
     * Reads an answer.
     *
     * @param allowance what the endpoint would still accept; null if it doesn't say
     * @throws ErrorAnswer if it contains an error
     * @throws IOException if it isn't an answer to the request; only the message of one that is not from a JSON library
     * is shown, and no key is
     */
    T read(byte[] body, @Nullable Allowance allowance) throws IOException;
  }

  /**
   * Sends a request.
   *
   * @param body JSON
   * @param maxBytes more bytes than any answer has
   * @param wanted what an answer has, for a message: "embeddings"
   * @return fails with an {@link EndpointException}. Cancelling it cancels the request
   */
  public <T> CompletableFuture<T> post(byte[] body, long maxBytes, String wanted, AnswerReader<T> reader) {
    HttpRequest.Builder request = HttpRequest.newBuilder(url).header("Content-Type", "application/json")
        .header("Accept", "application/json").POST(BodyPublishers.ofByteArray(body));
    if (apiKey != null) {
      request.header(header, prefix + apiKey.reveal());
    }
    CompletableFuture<HttpResponse<byte[]>> response = client.sendAsync(request.build(),
        info -> new BoundedBody(maxBytes));
    CompletableFuture<T> answer = new CompletableFuture<>();
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
        end(answer, received, failure, wanted, reader);
      }
    });
    unused = answer.whenComplete((value, failure) -> {
      if (answer.isCancelled()) {
        response.cancel(true);
      }
    });
    return answer;
  }

  private <T> void end(CompletableFuture<T> answer, @Nullable HttpResponse<byte[]> received,
      @Nullable Throwable failure, String wanted, AnswerReader<T> reader) {
    try {
      if (received == null) {
        answer.completeExceptionally(translate(Objects.requireNonNull(failure)));
      } else {
        answer.complete(read(received, wanted, reader));
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

  private <T> T read(HttpResponse<byte[]> response, String wanted, AnswerReader<T> reader) {
    RateLimitHeaders headers = new RateLimitHeaders(response.headers(), clock);
    if (response.statusCode() != OK) {
      throw refusal(response, headers);
    }
    try {
      return reader.read(response.body(), headers.allowance());
    } catch (ErrorAnswer e) {
      // Some servers send errors with status 200.
      Failure failure = e.status() == 0 ? Failure.UNAVAILABLE : Failure.ofStatus(e.status(), e.said());
      throw new EndpointException(failure,
          this + " answered with an error" + hint(failure, e.status()) + ": " + quote(e.said()),
          headers.pause(), null);
    } catch (JsonEOFException e) {
      throw new EndpointException(Failure.UNAVAILABLE, this + " sent an incomplete answer", null);
    } catch (JsonProcessingException e) {
      // Without the parser's message, and without the cause, which quote the answer: some providers repeat the key.
      String said = quote(new String(response.body(), StandardCharsets.UTF_8));
      throw new EndpointException(Failure.UNAVAILABLE, this + " sent an answer without " + wanted + ": " + said, null);
    } catch (IOException e) {
      throw new EndpointException(Failure.UNAVAILABLE,
          this + " sent an unusable answer: " + quote(String.valueOf(e.getMessage())), null);
    }
  }

  private EndpointException refusal(HttpResponse<byte[]> response, RateLimitHeaders headers) {
    int status = response.statusCode();
    String said = quote(ErrorAnswer.description(response.body()));
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
