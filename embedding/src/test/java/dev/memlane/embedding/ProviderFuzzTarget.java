package dev.memlane.embedding;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.testing.fuzz.FuzzTarget;
import dev.memlane.testing.fuzz.Refusals;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Answers of a provider, from a server that sends them byte for byte: a whole HTTP response if the input begins as one,
 * or else the body of a response with status 200.
 */
public final class ProviderFuzzTarget implements FuzzTarget {

  private static final String SECRET = "sk-3f9a7c51e8d24b06";
  private static final int DIMENSION = 4;
  private static final List<String> TEXTS = List.of("one", "two");
  /** Longer than the client's own time-out: only a client that hangs takes as long. */
  private static final int PATIENCE_SECONDS = 30;
  private static final Duration LONGEST_PAUSE = Duration.ofDays(1);

  private final ServerSocket server;
  private final OpenAiEmbedder embedder;
  private volatile byte[] answer = new byte[0];

  /** Starts the server. */
  public ProviderFuzzTarget() {
    try {
      server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    embedder = OpenAiEmbedder.at("http://127.0.0.1:" + server.getLocalPort() + "/v1", "test", DIMENSION)
        .apiKey(ApiKey.of(SECRET)).timeout(Duration.ofSeconds(5)).build();
    Thread.ofPlatform().daemon().name("fuzzed provider").start(this::serve);
  }

  private void serve() {
    while (!server.isClosed()) {
      try (Socket socket = server.accept()) {
        socket.setTcpNoDelay(true);
        readRequest(socket.getInputStream());
        socket.getOutputStream().write(answer);
      } catch (IOException e) {
        // The client has closed the connection, or this target is being closed.
      }
    }
  }

  /** Reads to the end of the body, because a connection that is closed before loses the answer. */
  private static void readRequest(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    String text = "";
    while (!text.endsWith("\r\n\r\n")) {
      int b = in.read();
      if (b < 0) {
        return;
      }
      head.write(b);
      text = b == '\n' ? head.toString(StandardCharsets.ISO_8859_1) : text;
    }
    String length = text.toLowerCase(Locale.ROOT).replaceAll("(?s).*content-length: *([0-9]+).*", "$1");
    in.readNBytes(Integer.parseInt(length));
  }

  @Override
  public String name() {
    return "provider";
  }

  @Override
  public List<byte[]> seeds() {
    String numbers = "{\"object\":\"list\",\"data\":[{\"index\":1,\"embedding\":[0.5,-1,2e-3,0]},"
        + "{\"index\":0,\"embedding\":[1,2,3,4]}],\"usage\":{\"prompt_tokens\":7,\"total_tokens\":7}}";
    String base64 = "{\"data\":[{\"embedding\":\"AACAPwAAAL8AAIA/AAAAvw==\"},{\"embedding\":\"AACAPwAAAL8AAIA/AAAAvw==\"}]}";
    String error = "{\"error\":{\"message\":\"Incorrect API key provided: " + SECRET + "\",\"code\":401}}";
    String limits = "retry-after-ms: 20\r\nretry-after: Fri, 31 Dec 1999 23:59:59 GMT\r\nx-ratelimit-limit-requests: 60\r\n"
        + "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-remaining-tokens: 10\r\nx-ratelimit-reset-requests: 1m30s\r\n"
        + "x-ratelimit-reset-tokens: 250ms\r\n";
    return Stream
        .of(numbers, base64, error, "{\"error\":\"model not found\"}", "{\"detail\":[{\"msg\":\"field required\"}]}",
            "<!DOCTYPE html><html><head><title>Sign in</title></head><body>...</body></html>", "", "upstream is asleep",
            "[1, 2]",
            "{\"data\":[{\"index\":\"one\"}]}", "{\"data\":[]}", response("200 OK", limits, numbers),
            response("429 Too Many Requests", limits, error),
            response("429", "retry-after: 1.5\r\n", "{\"error\":{\"message\":\"slow\"}}"),
            response("301 Moved Permanently", "location: /other\r\n", ""),
            response("503 Service Unavailable", "", error),
            response("204 No Content", "", ""),
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad\r\ncontent-length: 2\r\n\r\nno",
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}")
        .map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
  }

  private static String response(String status, String headers, String body) {
    return "HTTP/1.1 " + status + "\r\nconnection: close\r\n" + headers + "\r\n" + body;
  }

  @Override
  public List<String> words() {
    return List.of("HTTP/1.1 ", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 429 \r\n", "\r\n", "\r\n\r\n", "retry-after: ",
        "retry-after-ms: ",
        "content-length: ", "transfer-encoding: chunked\r\n", "x-ratelimit-remaining-requests: 0\r\n",
        "x-ratelimit-remaining-tokens: ", "x-ratelimit-reset-tokens: ", "Fri, 31 Dec 9999 23:59:59 GMT", "99999999999d",
        "\"data\":",
        "\"index\":", "\"embedding\":", "\"usage\":", "\"prompt_tokens\":", "\"error\":", "\"message\":", "\"code\":",
        "\"detail\":",
        "{", "}", "[", "]", ",", "\"", "null", "NaN", "\\u0000", "<html>", "<title>", "</title>", SECRET,
        "\"AADAfw==\"");
  }

  @Override
  public void check(byte[] input) throws Exception {
    answer = new String(input, StandardCharsets.ISO_8859_1).startsWith("HTTP/")
        ? input
        : concatenated(
            response("200 OK", "content-length: " + input.length + "\r\n", "").getBytes(StandardCharsets.UTF_8), input);
    try {
      MeteredEmbedder.Answer read = embedder.embedMetered(TEXTS).orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
      // The counterpart of the stores' check: what it lets pass has one vector for each text.
      new VectorValidator("test", DIMENSION).check(read.vectors(), TEXTS.size(), false);
    } catch (CompletionException e) {
      if (!(e.getCause() instanceof EndpointException failure)) {
        throw e;
      }
      Refusals.requirePlain(failure.getMessage(), input);
      for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
        if (String.valueOf(cause.getMessage()).contains(SECRET)) {
          throw new AssertionError("the key is in the message of " + cause.getClass());
        }
      }
      Duration pause = failure.retryAfter().orElse(Duration.ZERO);
      if (pause.isNegative() || pause.compareTo(LONGEST_PAUSE) > 0) {
        throw new AssertionError("the endpoint would be left alone for " + pause);
      }
    }
  }

  private static byte[] concatenated(byte[] first, byte[] second) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(first);
    all.writeBytes(second);
    return all.toByteArray();
  }

  @Override
  public void close() {
    embedder.close();
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
