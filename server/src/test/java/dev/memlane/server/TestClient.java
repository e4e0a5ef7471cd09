package dev.memlane.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A client of the server under test, with or without an API key. */
public final class TestClient {

  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final ObjectMapper JSON = new ObjectMapper();
  /** How long a body has to be to be announced before it is sent. */
  private static final int LARGE = 1 << 20;

  private final HttpClient http;
  private final URI server;
  private final @Nullable String key;

  public TestClient(URI server, @Nullable String key) {
    this(HTTP, server, key);
  }

  /** @param http keeps connections to the server until it is closed, and a server that stops waits a second for them */
  TestClient(HttpClient http, URI server, @Nullable String key) {
    this.http = http;
    this.server = server;
    this.key = key;
  }

  /** The same client, with another key; null for none. */
  public TestClient withKey(@Nullable String other) {
    return new TestClient(http, server, other);
  }

  /** Where the server is. */
  URI server() {
    return server;
  }

  /** What the server answered. */
  public record Answer(int status, HttpResponse<String> response) {

    public String text() {
      return response.body();
    }

    public JsonNode json() {
      return parse(response.body());
    }

    public String header(String name) {
      return response.headers().firstValue(name).orElse("");
    }
  }

  public Answer get(String path, String... headers) {
    return send("GET", path, null, headers);
  }

  public Answer post(String path, @Nullable String body, String... headers) {
    return send("POST", path, body, headers);
  }

  public Answer put(String path, String body, String... headers) {
    return send("PUT", path, body, headers);
  }

  public Answer patch(String path, String body, String... headers) {
    return send("PATCH", path, body, headers);
  }

  public Answer delete(String path, String... headers) {
    return send("DELETE", path, null, headers);
  }

  /** @param headers names and values in turn */
  public Answer send(String method, String path, @Nullable String body, String... headers) {
    HttpResponse<String> response = send(request(method, path, body, headers), HttpResponse.BodyHandlers.ofString());
    return new Answer(response.statusCode(), response);
  }

  public HttpRequest request(String method, String path, @Nullable String body, String... headers) {
    List<String> all = new ArrayList<>(List.of(headers));
    if (key != null) {
      all.addAll(List.of("Authorization", "Bearer " + key));
    }
    if (body != null && !all.contains("Content-Type")) {
      all.addAll(List.of("Content-Type", "application/json"));
    }
    HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve(path)).timeout(Duration.ofMinutes(1)).method(
        method,
        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
    if (body != null && body.length() > LARGE) {
      // The server may refuse it unread and close the connection, and a client that still sends can lose the answer.
      request.expectContinue(true);
    }
    if (!all.isEmpty()) {
      request.headers(all.toArray(String[]::new));
    }
    return request.build();
  }

  public <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
    try {
      return http.send(request, handler);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for the server", e);
    }
  }

  public static JsonNode parse(String json) {
    try {
      return JSON.readTree(json);
    } catch (IOException e) {
      throw new UncheckedIOException("not JSON: " + json, e);
    }
  }

  /** A JSON object of these names and values; null values are left out. */
  public static String object(@Nullable Object... namesAndValues) {
    var object = JSON.createObjectNode();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      Object value = namesAndValues[i + 1];
      if (value != null) {
        object.set(String.valueOf(namesAndValues[i]), JSON.valueToTree(value));
      }
    }
    return object.toString();
  }
}
