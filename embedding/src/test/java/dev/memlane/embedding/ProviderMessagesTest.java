package dev.memlane.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.sun.net.httpserver.HttpServer;
import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.model.EmbeddingException;
import dev.memlane.testing.PlainMessages;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests of messages about failing providers: they say plainly what happened and what to do, and never contain the key.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProviderMessagesTest {

  private static final String SECRET = "sk-secret-of-mine";

  /** Starts a server that answers every request with this. */
  private static HttpServer server(int status, String body) throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", exchange -> {
      try (exchange) {
        exchange.getRequestBody().readAllBytes();
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
      }
    });
    server.start();
    return server;
  }

  private static String url(HttpServer server) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
  }

  private static OpenAiEmbedderBuilder client(String url) {
    return OpenAiEmbedder.at(url, "test", 8).apiKey(ApiKey.of(SECRET));
  }

  private static EndpointException failure(OpenAiEmbedder embedder) {
    try {
      embedder.embed(List.of("a")).orTimeout(30, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      return assertInstanceOf(EndpointException.class, e.getCause());
    }
    throw new AssertionError("it succeeded");
  }

  /** Checks that the message is plain, and that its log entry doesn't contain the key. */
  private static void assertPlain(Throwable failure) {
    PlainMessages.assertPlain(String.valueOf(failure.getMessage()));
    StringWriter log = new StringWriter();
    failure.printStackTrace(new PrintWriter(log));
    assertThat(log.toString()).doesNotContain(SECRET);
  }

  static Stream<Arguments> answers() {
    String nested = "{\"a\":".repeat(1_100) + "1" + "}".repeat(1_100);
    return Stream.of(
        Arguments.of(200, "{\"error\":{\"message\":\"The model is warming up\",\"code\":503}}", Failure.UNAVAILABLE,
            "The model is warming up", "key"),
        Arguments.of(200, "{\"error\":{\"message\":\"Too many\",\"code\":429}}", Failure.BUSY, "Too many", "key"),
        Arguments.of(200, "{\"error\":\"model 'test' not found, try pulling it first\"}", Failure.UNAVAILABLE,
            "try pulling it first", "key"),
        Arguments.of(200, "{\"object\":\"error\",\"error\":null,\"message\":\"x\"}", Failure.UNAVAILABLE,
            "no vector for text 0 of 1", "key"),
        Arguments.of(200, "<!DOCTYPE html><html><head><title>Sign in</title></head><body>...</body></html>",
            Failure.UNAVAILABLE, "a web page with the title \"Sign in\"", "key"),
        Arguments.of(200, "", Failure.UNAVAILABLE, "expected an object, but it ends", "key"),
        Arguments.of(200, "upstream is asleep", Failure.UNAVAILABLE, "upstream is asleep", "key"),
        Arguments.of(200, "[1, 2]", Failure.UNAVAILABLE, "expected an object", "key"),
        Arguments.of(200, "{\"data\":[{\"embedding\":[0.5, NaN", Failure.UNAVAILABLE, "without embeddings", "key"),
        Arguments.of(200, "{\"data\":[{\"embedding\":[0.5, 1", Failure.UNAVAILABLE, "incomplete answer", "key"),
        Arguments.of(200, "{\"data\":[{\"index\":\"one\"}]}", Failure.UNAVAILABLE, "without embeddings", "key"),
        Arguments.of(200, nested, Failure.UNAVAILABLE, "without embeddings", "key"),
        Arguments.of(401, "{\"error\":{\"message\":\"Incorrect API key provided: " + SECRET + "\"}}", Failure.DENIED,
            "check its key", "credit"),
        Arguments.of(402, "{\"error\":{\"message\":\"Insufficient credits\"}}", Failure.DENIED,
            "check the credit of its account", "key"),
        Arguments.of(403, "Forbidden", Failure.DENIED, "check its key", "credit"),
        Arguments.of(404, "<html><head><title>404 Not Found</title></head></html>", Failure.DENIED,
            "check its address and the model's name", "key"),
        Arguments.of(404, "{\"detail\":\"Not Found\"}", Failure.DENIED, "model's name): Not Found", "key"),
        Arguments.of(405, "", Failure.DENIED, "check its address", "key"),
        Arguments.of(422, "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field required\"}]}", Failure.REFUSED,
            "field required", "key"),
        Arguments.of(429, "{\"error\":{\"message\":\"You exceeded your quota\",\"type\":\"insufficient_quota\"}}",
            Failure.DENIED, "check the credit of its account", "key"),
        Arguments.of(301, "<html><head><title>Moved</title></head></html>", Failure.UNAVAILABLE, "it moved", "key"),
        Arguments.of(500, "{\"error\":{\"message\":\"Internal\\nserver error\"}}", Failure.UNAVAILABLE,
            "Internal server error", "key"),
        Arguments.of(502, "<html>\n<head><title>502 Bad Gateway</title></head><body><hr>nginx</body></html>",
            Failure.UNAVAILABLE, "a web page with the title \"502 Bad Gateway\"", "key"),
        Arguments.of(503, "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>", Failure.UNAVAILABLE,
            "XML or a web page", "key"));
  }

  @ParameterizedTest
  @MethodSource("answers")
  void answer_providerFails_isDescribedPlainlyWithItsWords(int status, String body, Failure kind, String words,
      String wrongAdvice) throws Exception {
    HttpServer server = server(status, body);
    try (OpenAiEmbedder direct = client(url(server)).build();
        OpenAiEmbedder pooled = client(url(server)).build();
        BatchingEmbedder batching = BatchingEmbedder
            .builder(EmbedderPool.builder().attempts(1).endpoint("only", pooled).build()).build()) {
      EndpointException failure = failure(direct);
      assertPlain(failure);
      assertThat(failure.failure()).isEqualTo(kind);
      assertThat(failure).hasMessageContaining(words).hasMessageNotContaining(wrongAdvice)
          .hasMessageContaining(url(server));

      // Callers of a pool get the same message, even if the failure takes its only endpoint out.
      assertThatThrownBy(() -> batching.embed("a").join()).cause().isInstanceOf(EmbeddingException.class)
          .satisfies(ProviderMessagesTest::assertPlain).hasMessageContaining(words)
          .hasMessageNotContaining(wrongAdvice);
    } finally {
      server.stop(0);
    }
  }

  @Test
  void address_withoutProvider_isDescribedPlainly() throws Exception {
    int closed;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = free.getLocalPort();
    }
    try (Scripted plain = new Scripted("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", false);
        OpenAiEmbedder unknown = client("https://nonesuch.invalid/v1").build();
        OpenAiEmbedder closedPort = client("http://127.0.0.1:" + closed + "/v1").build();
        OpenAiEmbedder unencrypted = client("https://127.0.0.1:" + plain.port()).build()) {
      assertThat(failure(unknown)).satisfies(ProviderMessagesTest::assertPlain)
          .hasMessageContaining("the host name can't be resolved");
      assertThat(failure(closedPort)).satisfies(ProviderMessagesTest::assertPlain)
          .hasMessageContaining("nothing listens at its address");
      assertThat(failure(unencrypted)).satisfies(ProviderMessagesTest::assertPlain)
          .hasMessageContaining("must begin with http:// instead of https://");
    }
  }

  @Test
  void connection_brokenOrNotHttp_isDescribedPlainly() throws Exception {
    for (String sent : List.of("", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n{}", "HTTP/1.1 no such key: " + SECRET + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\n" + SECRET + "\r\n\r\n")) {
      try (Scripted server = new Scripted(sent, false);
          OpenAiEmbedder embedder = client("http://127.0.0.1:" + server.port()).build()) {
        assertPlain(failure(embedder));
      }
    }
  }

  @Test
  void answer_tooLong_isDescribedPlainly() throws Exception {
    HttpServer server = server(200, "x".repeat(2 << 20));
    try (OpenAiEmbedder embedder = client(url(server)).build()) {
      assertThat(failure(embedder)).satisfies(ProviderMessagesTest::assertPlain).hasMessageContaining("more than");
    } finally {
      server.stop(0);
    }
  }

  @Test
  void embed_serverDripsItsAnswer_timesOut() throws Exception {
    try (Scripted server = new Scripted("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", true);
        OpenAiEmbedder embedder = client("http://127.0.0.1:" + server.port()).timeout(Duration.ofMillis(300)).build()) {
      // On a busy machine a request can time out before it is connected.
      do {
        EndpointException failure = failure(embedder);

        assertThat(failure.failure()).isEqualTo(Failure.TIMED_OUT);
        assertThat(failure).satisfies(ProviderMessagesTest::assertPlain).hasMessageContaining("300 ms");
      } while (!server.wasReached());
      // The client closes the connection; otherwise the server would drip forever.
      server.awaitBroken();
    }
  }

  @Test
  void embed_serverNeverAnswers_timesOut() throws Exception {
    try (Scripted server = new Scripted("", true);
        OpenAiEmbedder embedder = client("http://127.0.0.1:" + server.port()).timeout(Duration.ofMillis(300)).build()) {
      assertThat(failure(embedder).failure()).isEqualTo(Failure.TIMED_OUT);
    }
  }

  @Test
  void builder_invalidTimes_areRefused() {
    for (Duration wrong : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofHours(2))) {
      assertThatThrownBy(() -> client("http://localhost/v1").timeout(wrong)).hasMessageContaining("timeout is");
      assertThatThrownBy(() -> client("http://localhost/v1").connectTimeout(wrong))
          .hasMessageContaining("connectTimeout is");
    }
  }

  static Stream<Throwable> thrown() {
    return Stream.of(new IOException(new UnknownHostException("api.example.com")), new NullPointerException(),
        new UnknownHostException("api.example.com"), new ConnectException("Connection refused"),
        new SocketException("Connection reset"), new IllegalStateException("java.io.IOException: broken"),
        new SSLHandshakeException(
            "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException"),
        new CompletionException(new IllegalStateException("the weights are missing")), new OutOfMemoryError());
  }

  @ParameterizedTest
  @MethodSource("thrown")
  void embedder_anyException_isDescribedPlainly(Throwable thrown) {
    Embedder failing = new Embedder() {
      @Override
      public CompletableFuture<List<float[]>> embed(List<String> texts) {
        return CompletableFuture.failedFuture(thrown);
      }

      @Override
      public String model() {
        return "fake";
      }

      @Override
      public int dimension() {
        return 8;
      }

      @Override
      public Limits limits() {
        return Limits.standard();
      }
    };
    try (BatchingEmbedder batching = BatchingEmbedder.builder(failing).build()) {
      assertThatThrownBy(() -> batching.embed("a").join()).cause().satisfies(ProviderMessagesTest::assertPlain)
          .hasMessageContaining("fake");
    }
  }

  /**
   * A server that sends a text to each client, and then nothing, or a byte now and then until the connection breaks.
   */
  private static final class Scripted implements AutoCloseable {

    private final ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CompletableFuture<Void> broken = new CompletableFuture<>();
    private volatile boolean reached;

    Scripted(String text, boolean goesOn) throws IOException {
      threads.execute(() -> {
        while (!server.isClosed()) {
          try (Socket connection = server.accept()) {
            reached = true;
            serve(connection, text, goesOn);
          } catch (IOException e) {
            // Closed by the test or the client.
            broken.complete(null);
          }
        }
      });
    }

    private static void serve(Socket connection, String text, boolean goesOn) throws IOException {
      InputStream in = connection.getInputStream();
      in.read();
      OutputStream out = connection.getOutputStream();
      out.write(text.getBytes(StandardCharsets.UTF_8));
      out.flush();
      if (!goesOn) {
        // Closing with unread bytes would reset the connection, and the client might lose the answer.
        connection.setSoTimeout(1_000);
        connection.shutdownOutput();
        in.transferTo(OutputStream.nullOutputStream());
      }
      // Waits for the client to disconnect: forever if nothing is sent, and between two bytes of a dripping answer.
      connection.setSoTimeout(text.isEmpty() ? 0 : 10);
      while (goesOn) {
        try {
          if (in.read() < 0) {
            throw new EOFException("the client has gone");
          }
        } catch (SocketTimeoutException e) {
          out.write(' ');
          out.flush();
        }
      }
    }

    int port() {
      return server.getLocalPort();
    }

    boolean wasReached() {
      return reached;
    }

    void awaitBroken() {
      broken.orTimeout(30, TimeUnit.SECONDS).join();
    }

    @Override
    public void close() throws IOException {
      server.close();
      threads.shutdownNow();
      threads.close();
    }
  }
}
