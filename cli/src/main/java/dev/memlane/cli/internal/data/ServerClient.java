package dev.memlane.cli.internal.data;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.WriteOutcome;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Requests to a server's REST API. What fails is reported as the library would report it: {@link MemoryWriteException} for the
 * outcome of a write, {@link InvalidInputException}, or {@link StoreException}. No message has the key in it. Safe for use by
 * several threads.
 */
final class ServerClient implements AutoCloseable {

  private static final Duration CONNECT = Duration.ofSeconds(10);
  /** Longer than any deadline of the memory. */
  private static final Duration SHORT = Duration.ofMinutes(2);
  private static final Duration STALLED = Duration.ofMinutes(5);
  private static final long LONGEST_ANSWER = 512L << 20;
  private static final long LONGEST_PROBLEM = 1 << 20;

  /** Reads what newer servers add, too. */
  static final ObjectMapper JSON = JsonMapper
      .builder(JsonFactory.builder()
          .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build()).build())
      .addModule(new JavaTimeModule()).disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
      .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS, SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
      .defaultPropertyInclusion(JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
      .build();

  private final ServerAddress server;
  private final HttpClient http;

  ServerClient(ServerAddress server) {
    this.server = server;
    // No redirects: the key is for this server only.
    HttpClient.Builder builder = HttpClient.newBuilder().connectTimeout(CONNECT).version(HttpClient.Version.HTTP_1_1)
        .followRedirects(HttpClient.Redirect.NEVER);
    Path certificates = server.certificates();
    if (certificates != null) {
      builder.sslContext(trusting(certificates));
    }
    this.http = builder.build();
  }

  private static SSLContext trusting(Path file) {
    try (InputStream input = Files.newInputStream(file)) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      Collection<? extends Certificate> all = CertificateFactory.getInstance("X.509").generateCertificates(input);
      if (all.isEmpty()) {
        throw new InvalidInputException(file + " has no certificate in it");
      }
      for (Certificate each : all) {
        store.setCertificateEntry("certificate-" + store.size(), each);
      }
      TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new InvalidInputException(file + " can't be read as certificates in PEM", e);
    }
  }

  /**
   * A path and its query.
   *
   * @param query names and values in turn; those whose value is null are left out
   */
  static String path(String path, @Nullable Object... query) {
    StringBuilder whole = new StringBuilder(path);
    char separator = '?';
    for (int i = 0; i < query.length; i += 2) {
      Object value = query[i + 1];
      if (value != null) {
        whole.append(separator).append(query[i]).append('=')
            .append(URLEncoder.encode(value.toString(), StandardCharsets.UTF_8));
        separator = '&';
      }
    }
    return whole.toString();
  }

  /** A request to be sent. */
  final class Call {

    private final String method;
    private final HttpRequest.Builder request;
    private BodyPublisher body = BodyPublishers.noBody();
    private Duration limit = SHORT;

    private Call(String method, String path) {
      this.method = method;
      this.request = HttpRequest.newBuilder(URI.create(server.uri() + path));
      String key = server.key();
      if (key != null) {
        request.header("Authorization", "Bearer " + key);
      }
    }

    /** Sends the request only if the memory is in the state that this operation made; null for any state. */
    Call expecting(@Nullable OperationId op) {
      if (op != null) {
        request.header("If-Match", "\"" + op + "\"");
      }
      return this;
    }

    Call json(Object value) {
      try {
        return json(JSON.writeValueAsBytes(value));
      } catch (JsonProcessingException e) {
        throw new IllegalStateException("what commands send can be written", e);
      }
    }

    Call json(byte[] written) {
      request.header("Content-Type", "application/json");
      body = BodyPublishers.ofByteArray(written);
      return this;
    }

    /** Sends a stream of JSON Lines, once the server has said that it reads it. */
    Call lines(InputStream lines) {
      request.header("Content-Type", "application/jsonl").expectContinue(true);
      body = BodyPublishers.ofInputStream(() -> lines);
      return this;
    }

    /** Sets how long the whole call may take, for work that takes as long as there are memories. */
    Call within(Duration longest) {
      limit = longest;
      return this;
    }

    /** Sends the request and returns the answer. */
    JsonNode answer() {
      HttpResponse<byte[]> response = send(info -> new LimitedBody(LONGEST_ANSWER), limit);
      if (response.statusCode() < 200 || response.statusCode() > 202) {
        throw failure(response.statusCode(), response.body());
      }
      return parsed(response.body());
    }

    /** Sends the request and returns the answer as a stream, to be closed by the caller. */
    InputStream stream() {
      HttpResponse<InputStream> response = send(info -> HttpResponse.BodySubscribers.ofInputStream(), SHORT);
      InputStream stream = new StallGuard(response.body(), STALLED);
      if (response.statusCode() == 200) {
        return stream;
      }
      try (stream) {
        throw failure(response.statusCode(), stream.readNBytes((int) LONGEST_PROBLEM));
      } catch (IOException e) {
        throw broken(e);
      }
    }

    private <T> HttpResponse<T> send(HttpResponse.BodyHandler<T> handler, Duration longest) {
      CompletableFuture<HttpResponse<T>> sent = http.sendAsync(request.method(method, body).build(), handler);
      try {
        return sent.get(longest.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        sent.cancel(true);
        throw new StoreException("the server at " + server + " did not answer within " + longest.toSeconds()
            + " seconds"
            + (method.equals("GET") ? "" : "; it may have done it all the same: check before you repeat it"),
            e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        sent.cancel(true);
        throw new StoreException("interrupted while the server was asked", e);
      } catch (ExecutionException e) {
        throw broken(e.getCause());
      }
    }

    private MemlaneException broken(@Nullable Throwable cause) {
      return switch (cause) {
        case ConnectException refused when refused.getCause() instanceof UnresolvedAddressException ->
          new UnreachableException("the host " + server.uri().getHost() + " is not known; check the server's address",
              refused);
        case ConnectException refused -> new UnreachableException("no server answers at " + server
            + "; start it there with 'memlane serve', or check its address", refused);
        case HttpTimeoutException slow -> new UnreachableException("no connection to " + server + " within "
            + CONNECT.toSeconds() + " seconds; check the server's address", slow);
        case SSLException untrusted -> new UnreachableException("no secure connection to " + server
            + " could be made; check that it speaks https, and name its certificate with --ca-file if the system does "
            + "not trust it", untrusted);
        case InterruptedIOException stopped -> new StoreException("stopped", stopped);
        case null, default -> new StoreException("the connection to " + server + " broke before the answer"
            + (method.equals("GET") ? "" : "; it may have been done all the same: check before you repeat it"), cause);
      };
    }
  }

  /** The exception for a server that was not reached: it has been asked nothing. */
  static final class UnreachableException extends MemlaneException {

    UnreachableException(String message, Throwable cause) {
      super(message, cause);
    }

    @Override
    public UnreachableException copy() {
      return new UnreachableException(String.valueOf(getMessage()), this);
    }
  }

  Call get(String path) {
    return new Call("GET", path);
  }

  Call post(String path) {
    return new Call("POST", path);
  }

  Call patch(String path) {
    return new Call("PATCH", path);
  }

  Call delete(String path) {
    return new Call("DELETE", path);
  }

  private JsonNode parsed(byte[] body) {
    try {
      JsonNode answer = JSON.readTree(body);
      if (answer.isObject()) {
        return answer;
      }
    } catch (IOException e) {
      throw noMemlane(e);
    }
    throw noMemlane(null);
  }

  private StoreException noMemlane(@Nullable Throwable cause) {
    return new StoreException(server + " is no Memlane server; check its address", cause);
  }

  /** The failure that a problem document reports. */
  private MemlaneException failure(int status, byte[] body) {
    JsonNode problem;
    try {
      problem = JSON.readTree(new ByteArrayInputStream(body));
    } catch (IOException e) {
      return noProblem(status);
    }
    String detail = problem.path("detail").textValue();
    String type = problem.path("type").asText();
    if (detail == null || !type.startsWith("urn:memlane:problem:")) {
      return noProblem(status);
    }
    if (problem.has("outcome")) {
      return new MemoryWriteException(outcome(problem), null);
    }
    return switch (status) {
      case 400 -> type.endsWith(":not-an-archive")
          ? new NotAnArchiveException(detail, null)
          : new InvalidInputException(detail);
      case 401 -> new StoreException(server + ": " + detail
          + ". Put the key into $MEMLANE_API_KEY, or name its file with --api-key-file", null);
      case 403 -> new StoreException(server + ": " + detail, null);
      case 404 -> new NotFoundException(detail);
      default -> new StoreException(detail, null);
    };
  }

  /** What is sent by a proxy, or by another kind of server. */
  private StoreException noProblem(int status) {
    return status == 502 || status == 503 || status == 504
        ? new StoreException("the server behind " + server + " can't be reached now (status " + status
            + "); try again later", null)
        : new StoreException(server + " is no Memlane server; it answered with status " + status
            + ": check its address", null);
  }

  /** The exception for what is not there. */
  static final class NotFoundException extends MemlaneException {

    NotFoundException(String message) {
      this(message, null);
    }

    private NotFoundException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }

    @Override
    public NotFoundException copy() {
      return new NotFoundException(String.valueOf(getMessage()), this);
    }
  }

  /** The outcome in a problem document, which has its members. */
  static WriteOutcome outcome(JsonNode problem) {
    String detail = problem.path("detail").asText();
    if (!problem.has("id") && !problem.has("reason")) {
      return new WriteOutcome.Refused(detail, null);
    }
    try {
      return JSON.treeToValue(problem, WriteOutcome.class);
    } catch (JsonProcessingException e) {
      throw new StoreException(detail, e);
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
