package dev.memlane.perf.tests.kill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A client of one server's REST routes. Safe for use by several threads. */
final class RestClient implements AutoCloseable {

  static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final URI server;
  private final String key;
  private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** @param key the owner's, which has no limit of requests */
  RestClient(URI server, String key) {
    this.server = server;
    this.key = key;
  }

  /** A complete answer. */
  record Answer(int status, JsonNode body) {}

  /**
   * Sends a request.
   *
   * @param headers names and values in turn
   * @throws IOException if there is no complete answer
   */
  Answer send(String method, String path, @Nullable ObjectNode body, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve(path)).timeout(PATIENCE).method(method,
        body == null
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)));
    request.header("Authorization", "Bearer " + key);
    if (body != null) {
      request.header("Content-Type", "application/json");
    }
    if (headers.length > 0) {
      request.headers(headers);
    }
    HttpResponse<byte[]> response = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    return new Answer(response.statusCode(), JSON.readTree(response.body()));
  }

  /**
   * Reads what has to be there.
   *
   * @throws IOException if the answer is none of success
   */
  JsonNode read(String method, String path, @Nullable ObjectNode body) throws IOException, InterruptedException {
    Answer answer = send(method, path, body);
    if (answer.status >= 300) {
      throw new IOException(method + " " + path + " was answered with " + answer.status + ": " + answer.body);
    }
    return answer.body;
  }

  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
