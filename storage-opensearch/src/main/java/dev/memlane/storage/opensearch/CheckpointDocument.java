package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.storage.opensearch.ClusterClient.Request;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoint of the index, kept in a small index beside it: the index itself holds nothing but memories. A checkpoint
 * names the index that it is about by the positions in it, so it says nothing of one that was made anew.
 */
final class CheckpointDocument {

  private static final String SUFFIX = "-checkpoint";
  private static final String DOCUMENT = "/_doc/checkpoint";
  private static final String TEXT = "text";
  private static final int NOT_FOUND = 404;
  private static final int FIRST_FAILURE = 300;

  private final ClusterClient client;
  private final ClusterFailures failures;
  private final String path;
  private final int replicas;
  private final Duration patience;
  /** Whether the small index is there. */
  private volatile boolean made;

  CheckpointDocument(ClusterClient client, ClusterFailures failures, String alias, int replicas, Duration patience) {
    this.client = client;
    this.failures = failures;
    this.path = "/" + alias + SUFFIX;
    this.replicas = replicas;
    this.patience = patience;
  }

  /** Reads the text; null if there is none. */
  CompletableFuture<@Nullable String> read() {
    String what = "could not be asked for its checkpoint";
    return client.send(Request.get(what, path + DOCUMENT), patience).thenApply(answer -> {
      if (answer.status() == NOT_FOUND) {
        return null;
      }
      if (answer.status() >= FIRST_FAILURE) {
        throw failures.refused(what, answer.status(), answer.body().get("error"));
      }
      return answer.body().path("_source").path(TEXT).asText();
    });
  }

  /** Replaces the text. */
  CompletableFuture<Void> write(String text) {
    String what = "could not record a checkpoint";
    ObjectNode body = JsonNodeFactory.instance.objectNode().put(TEXT, text);
    return make().thenCompose(ready -> client
        .ask(new Request(what, "PUT", path + DOCUMENT, ClusterClient.bytes(body), false), patience))
        .thenAccept(done -> {});
  }

  private CompletableFuture<Void> make() {
    if (made) {
      return CompletableFuture.completedFuture(null);
    }
    String what = "could not make an index for its checkpoint";
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.putObject("settings").putObject("index").put("number_of_shards", 1).put("number_of_replicas", replicas);
    body.putObject("mappings").put("dynamic", "strict").putObject("properties").putObject(TEXT).put("type", "keyword")
        .put("index", false).put("doc_values", false);
    return client.send(new Request(what, "PUT", path, ClusterClient.bytes(body), false), patience)
        .thenAccept(answer -> {
          boolean there = answer.body().path("error").path("type").asText().equals("resource_already_exists_exception");
          if (!there && answer.status() >= FIRST_FAILURE) {
            throw failures.refused(what, answer.status(), answer.body().get("error"));
          }
          made = true;
        });
  }
}
