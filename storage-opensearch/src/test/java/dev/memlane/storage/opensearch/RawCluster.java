package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.storage.opensearch.cluster.TestCluster;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/** Requests to a test cluster past the index, for what only an operator does. */
final class RawCluster {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private RawCluster() {}

  /** The address of the cluster that the tests share. */
  static String shared() {
    return TestCluster.shared().hosts().getFirst().toString();
  }

  /** Sends a request to the shared cluster, and returns its answer, whatever its status. */
  static JsonNode send(String method, String path, String body) {
    return send(shared(), method, path, body);
  }

  static JsonNode send(String host, String method, String path, String body) {
    HttpRequest request = HttpRequest.newBuilder(URI.create(host + path))
        .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
        .header("Content-Type", "application/json").build();
    try {
      return ClusterClient.JSON.readTree(CLIENT.send(request, BodyHandlers.ofByteArray()).body());
    } catch (IOException e) {
      throw new IllegalStateException(method + " " + path, e);
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts this test", e);
    }
  }

  /** Deletes whatever is behind an index's name. */
  static void delete(String index) {
    send("DELETE", "/" + index + "-*", "");
  }
}
