package dev.memlane.perf.tests.kill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.storage.opensearch.cluster.TestCluster;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Iterator;

/** A cluster of three nodes, each in a process of its own, and the index on it that processes share. Used by one thread. */
final class ClusterIndex implements AutoCloseable {

  private static final int NODES = 3;
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final TestCluster cluster;
  private final HttpClient client = HttpClient.newHttpClient();
  private final ObjectMapper json = new ObjectMapper();
  private String name;

  private ClusterIndex(TestCluster cluster, String name) {
    this.cluster = cluster;
    this.name = name;
  }

  /** Starts the cluster. The index is made by the first process that opens it. */
  static ClusterIndex start(String name) {
    return new ClusterIndex(TestCluster.startApart(NODES), name);
  }

  int nodes() {
    return NODES;
  }

  SharedIndexAddress address() {
    return new SharedIndexAddress(cluster.hosts().stream().map(URI::toString).toList(), name);
  }

  /** Deletes the index, and names the next one. */
  void change(String next) throws IOException, InterruptedException {
    delete();
    name = next;
  }

  /** Deletes the index, as an operator could by mistake. */
  void delete() throws IOException, InterruptedException {
    HttpResponse<String> found = send("GET", "/_alias/" + name);
    if (found.statusCode() == 200) {
      for (Iterator<String> names = json.readTree(found.body()).fieldNames(); names.hasNext();) {
        require(send("DELETE", "/" + names.next()));
      }
    }
  }

  void kill(int node) {
    cluster.kill(node);
  }

  /** Starts a node again, and waits until every shard has all of its copies. */
  void restart(int node) throws IOException, InterruptedException {
    cluster.restart(node);
    awaitGreen();
  }

  void awaitGreen() throws IOException, InterruptedException {
    HttpResponse<String> health = send("GET",
        "/_cluster/health?wait_for_status=green&timeout=" + PATIENCE.toSeconds() + "s");
    JsonNode answer = json.readTree(health.body());
    if (!answer.path("status").asText().equals("green")) {
      throw new IOException("the cluster is not whole again after " + PATIENCE.toSeconds() + " s: " + health.body());
    }
  }

  private HttpResponse<String> send(String method, String path) throws IOException, InterruptedException {
    IOException failure = new IOException("the cluster has no node");
    for (URI host : cluster.hosts()) {
      try {
        return client.send(HttpRequest.newBuilder(host.resolve(path)).timeout(PATIENCE.plusSeconds(5))
            .method(method, HttpRequest.BodyPublishers.noBody()).build(), HttpResponse.BodyHandlers.ofString());
      } catch (IOException e) {
        // That node may be the one that was killed.
        failure = e;
      }
    }
    throw failure;
  }

  private static void require(HttpResponse<String> answer) throws IOException {
    if (answer.statusCode() >= 300) {
      throw new IOException("the cluster answers " + answer.statusCode() + ": " + answer.body());
    }
  }

  @Override
  public void close() {
    client.close();
    cluster.close();
  }
}
