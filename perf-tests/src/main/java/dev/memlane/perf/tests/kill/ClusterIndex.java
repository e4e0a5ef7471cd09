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
import java.util.concurrent.TimeUnit;

/** A cluster of three nodes, each in a process of its own, and the index on it that processes share. Used by one thread. */
final class ClusterIndex implements AutoCloseable {

  private static final int NODES = 3;
  /** How long the copies of all shards may take on a machine that is busy meanwhile. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  /** How long the cluster may take to merge what was written. */
  private static final Duration MERGING = Duration.ofMinutes(10);
  private static final Duration ANSWER = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofSeconds(1);

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

  /** Waits until every shard has all of its copies. */
  void awaitGreen() throws IOException, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      HttpResponse<String> health = send("GET",
          "/_cluster/health?wait_for_status=green&timeout=" + ANSWER.toSeconds() / 2 + "s");
      if (json.readTree(health.body()).path("status").asText().equals("green")) {
        return;
      }
      if (System.nanoTime() - end > 0) {
        throw new IOException("the cluster is not whole again after " + PATIENCE.toSeconds() + " s: " + health.body());
      }
    }
  }

  /** Waits until no node merges segments. */
  void awaitMerged() throws IOException, InterruptedException {
    long end = System.nanoTime() + MERGING.toNanos();
    while (merges() > 0) {
      if (System.nanoTime() - end > 0) {
        throw new IOException("the cluster still merges segments after " + MERGING.toSeconds() + " s");
      }
      TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
    }
  }

  private int merges() throws IOException, InterruptedException {
    HttpResponse<String> stats = send("GET", "/_nodes/stats/indices/merge");
    require(stats);
    int sum = 0;
    for (JsonNode node : json.readTree(stats.body()).path("nodes")) {
      sum += node.path("indices").path("merges").path("current").asInt();
    }
    return sum;
  }

  private HttpResponse<String> send(String method, String path) throws IOException, InterruptedException {
    IOException failure = new IOException("the cluster has no node");
    for (URI host : cluster.hosts()) {
      try {
        return client.send(HttpRequest.newBuilder(host.resolve(path)).timeout(ANSWER)
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
