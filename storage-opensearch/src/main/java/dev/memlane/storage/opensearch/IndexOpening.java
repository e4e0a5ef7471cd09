package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.storage.opensearch.ClusterClient.Request;
import dev.memlane.storage.vector.IncompatibleIndexException;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The index behind the configured name. The name is an alias: a request for a name that nothing has would otherwise make
 * an index without Memlane's mapping, and an index is made anew by moving the alias, in one step for all processes.
 */
final class IndexOpening {

  private static final String WHAT = "could not be opened";
  private static final int MOST_TRIES = 5;
  /** How long the cluster may take to make an index, for which its nodes have to agree. */
  private static final Duration MAKING = Duration.ofMinutes(1);

  private final ClusterClient client;
  private final ClusterFailures failures;
  private final IndexDefinition definition;
  private final String alias;
  private final Duration patience;

  IndexOpening(ClusterClient client, ClusterFailures failures, IndexDefinition definition, String alias,
      Duration patience) {
    this.client = client;
    this.failures = failures;
    this.definition = definition;
    this.alias = alias;
    this.patience = patience;
  }

  /**
   * An index behind the alias.
   *
   * @param index its name
   * @param uuid its identity
   * @param shards how many it has
   */
  record Opened(String index, String uuid, int shards) {}

  /**
   * Opens the index, and makes it if there is none.
   *
   * @return fails with an {@link IncompatibleIndexException} if it was made for something else
   */
  CompletableFuture<Opened> open() {
    return open(1);
  }

  private CompletableFuture<Opened> open(int attempt) {
    return find().thenCompose(found -> {
      if (found != null) {
        return CompletableFuture.completedFuture(found);
      }
      // The same name in all processes, so that only one of them makes it.
      return make(alias + "-1", true).thenCompose(made -> {
        if (!made && attempt >= MOST_TRIES) {
          throw new IncompatibleIndexException(
              "there is an index \"" + alias + "-1\" on OpenSearch without the alias \""
                  + alias + "\"; remove it, or give it the alias");
        }
        return open(attempt + 1);
      });
    });
  }

  /** Opens an empty index in place of one that is there, whatever that was made for. */
  CompletableFuture<Opened> openAnew() {
    return find(false)
        .thenCompose(old -> old == null ? CompletableFuture.completedFuture(true) : replace(old))
        .thenCompose(replaced -> open());
  }

  /** Finds the index; null if there is none. */
  CompletableFuture<@Nullable Opened> find() {
    return find(true);
  }

  private CompletableFuture<@Nullable Opened> find(boolean ours) {
    return client.send(Request.get(WHAT, "/" + alias), patience).thenApply(answer -> {
      if (answer.status() == 404) {
        return null;
      }
      if (answer.status() >= 300) {
        throw failures.refused(WHAT, answer.status(), answer.body().get("error"));
      }
      return check(answer.body(), ours);
    });
  }

  /** @param ours whether it has to be an index for the same contents */
  private Opened check(JsonNode body, boolean ours) {
    var all = body.properties();
    if (all.size() != 1) {
      throw new IncompatibleIndexException("the alias \"" + alias + "\" on OpenSearch names " + all.size()
          + " indexes; leave it to one");
    }
    Map.Entry<String, JsonNode> found = all.iterator().next();
    if (found.getKey().equals(alias)) {
      throw new IncompatibleIndexException("\"" + alias
          + "\" on OpenSearch is an index, and no alias that Memlane has made; give Memlane a name of its own");
    }
    JsonNode identity = IndexIdentity.requireAny(found.getValue().path("mappings").path("_meta").get("memlane"), alias);
    if (ours) {
      definition.identity().requireSame(identity, alias);
    }
    JsonNode settings = found.getValue().path("settings").path("index");
    String replication = settings.path("replication").path("type").asText("DOCUMENT");
    if (!replication.equals("DOCUMENT")) {
      throw new IncompatibleIndexException("the index \"" + alias + "\" on OpenSearch copies by " + replication
          + ", so its copies show writes at other times than a refresh; make it anew with replication.type DOCUMENT");
    }
    return new Opened(found.getKey(), settings.path("uuid").asText(), settings.path("number_of_shards").asInt());
  }

  /** Makes an index; completes with false if there is one of this name. */
  private CompletableFuture<Boolean> make(String index, boolean aliased) {
    ObjectNode body = definition.toJson();
    if (aliased) {
      body.putObject("aliases").putObject(alias);
    }
    Request request = new Request(WHAT, "PUT", "/" + index, ClusterClient.bytes(body), false);
    return client.send(request, MAKING).thenApply(answer -> {
      JsonNode error = answer.body().path("error");
      if (error.path("type").asText().equals("resource_already_exists_exception")) {
        return false;
      }
      if (answer.status() >= 300) {
        throw failures.refused("could not be made", answer.status(), answer.body().get("error"));
      }
      return true;
    });
  }

  /** Replaces the index by an empty one. */
  CompletableFuture<Void> replace() {
    return replace(1);
  }

  private CompletableFuture<Void> replace(int attempt) {
    return open().thenCompose(this::replace).thenCompose(replaced -> {
      if (replaced) {
        return CompletableFuture.completedFuture(null);
      }
      // What was put there since must go too.
      return attempt < MOST_TRIES
          ? replace(attempt + 1)
          : CompletableFuture
              .failedFuture(failures.late("was made anew by others again and again, and not", patience));
    });
  }

  /** Replaces an index by an empty one; completes with false if another process has replaced it meanwhile. */
  private CompletableFuture<Boolean> replace(Opened old) {
    String fresh = alias + "-" + UUID.randomUUID().toString().substring(0, 13);
    return make(fresh, false).thenCompose(made -> move(old.index(), fresh)).thenCompose(moved -> {
      if (moved) {
        return CompletableFuture.completedFuture(true);
      }
      Request delete = new Request("could not be cleared", "DELETE", "/" + fresh, null, true);
      return client.ask(delete, patience).thenApply(deleted -> false);
    });
  }

  /** Moves the alias and deletes the old index, in one step; false if that is gone already. */
  private CompletableFuture<Boolean> move(String old, String fresh) {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    ArrayNode actions = body.putArray("actions");
    actions.addObject().putObject("add").put("index", fresh).put("alias", alias);
    actions.addObject().putObject("remove_index").put("index", old);
    Request request = new Request("could not be cleared", "POST", "/_aliases", ClusterClient.bytes(body), false);
    return client.send(request, MAKING).thenApply(answer -> {
      if (answer.status() == 404) {
        return false;
      }
      if (answer.status() >= 300) {
        throw failures.refused("could not be cleared", answer.status(), answer.body().get("error"));
      }
      return true;
    });
  }
}
