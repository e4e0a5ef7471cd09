package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexHits.IndexHit;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.storage.opensearch.ClusterClient.Request;
import dev.memlane.storage.vector.WordAnalysis;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The search: by meaning, by words, or both, in one request of several searches ({@code _msearch}). A second request
 * reads the runs of the best hits, if they are wanted.
 *
 * <p>
 * Each of these searches sees the index as of a moment of its own. So documents to look up are looked up in each of them,
 * and count as held only where all of them have found them: a memory whose document was replaced in between is not lost.
 */
final class ClusterSearch {

  /** How many of the best hits of each kind count for their runs. */
  private static final int BEST = 50;
  /** The longest run; longer ones are left out. */
  private static final int LONGEST_RUN = 1_000;

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final String WHAT = "could not be searched";

  private final ClusterClient client;
  private final ClusterFailures failures;
  private final WordAnalysis analysis;
  private final DocumentJson documents;
  private final Routing routing;
  private final String alias;
  private final Duration patience;

  ClusterSearch(ClusterClient client, ClusterFailures failures, WordAnalysis analysis, DocumentJson documents,
      Routing routing, String alias, Duration patience) {
    this.client = client;
    this.failures = failures;
    this.analysis = analysis;
    this.documents = documents;
    this.routing = routing;
    this.alias = alias;
    this.patience = patience;
  }

  CompletableFuture<IndexHits> search(IndexQuery query) {
    SearchPlan plan = SearchPlan.of(query, analysis, documents);
    if (plan.isEmpty()) {
      return CompletableFuture.completedFuture(IndexHits.NONE);
    }
    // Documents may be looked up that are outside of the scopes.
    List<Scope> routed = query.documents().isEmpty() ? query.scopes() : List.of();
    return several(plan.searches(), routed).thenCompose(answers -> {
      List<ObjectNode> further = plan.exactSearches(answers);
      return further.isEmpty()
          ? CompletableFuture.completedFuture(plan.hits(answers, List.of()))
          : several(further, routed).thenApply(exact -> plan.hits(answers, exact));
    }).thenCompose(hits -> query.runs() ? withRuns(hits) : CompletableFuture.completedFuture(hits));
  }

  CompletableFuture<Set<String>> actors(List<Scope> scopes, Set<String> keys) {
    if (keys.isEmpty()) {
      return CompletableFuture.completedFuture(Set.of());
    }
    ObjectNode search = JSON.objectNode().put("size", 0);
    ArrayNode conditions = FilterJson.of(scopes, null);
    conditions.add(FilterJson.terms(Fields.ACTOR, keys));
    search.putObject("query").putObject("bool").set("filter", conditions);
    ArrayNode included = search.putObject("aggs").putObject("actors").putObject("terms").put("field", Fields.ACTOR)
        .put("size", keys.size()).putArray("include");
    keys.forEach(included::add);
    return several(List.of(search), scopes).thenApply(answers -> {
      Set<String> found = new HashSet<>();
      answers.getFirst().path("aggregations").path("actors").path("buckets")
          .forEach(bucket -> found.add(bucket.path("key").asText()));
      return found;
    });
  }

  /** Runs searches, and fails if one of them did not see every shard. */
  private CompletableFuture<List<JsonNode>> several(List<ObjectNode> searches, List<Scope> scopes) {
    ObjectNode header = JSON.objectNode().put("index", alias).put("allow_partial_search_results", false);
    String routed = routing.of(scopes);
    if (routed != null) {
      header.put("routing", routed);
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (ObjectNode search : searches) {
      body.writeBytes(ClusterClient.bytes(header));
      body.write('\n');
      body.writeBytes(ClusterClient.bytes(search));
      body.write('\n');
    }
    return client.ask(new Request(WHAT, "POST", "/_msearch", body.toByteArray(), true), patience).thenApply(answer -> {
      JsonNode responses = answer.path("responses");
      if (responses.size() != searches.size()) {
        throw failures.unfit(answer.toString(), null);
      }
      List<JsonNode> answers = new ArrayList<>();
      responses.forEach(response -> answers.add(Hits.whole(response, failures, WHAT)));
      return answers;
    });
  }

  private CompletableFuture<IndexHits> withRuns(IndexHits hits) {
    Set<UUID> runs = new LinkedHashSet<>();
    for (List<IndexHit> kind : List.of(hits.semantic(), hits.lexical())) {
      for (IndexHit hit : kind.subList(0, Math.min(BEST, kind.size()))) {
        UUID run = hit.traits().run();
        if (run != null) {
          runs.add(run);
        }
      }
    }
    if (runs.isEmpty()) {
      return CompletableFuture.completedFuture(hits);
    }
    return several(List.of(members(runs)), List.of()).thenCompose(answers -> {
      JsonNode answer = answers.getFirst();
      Map<UUID, Integer> sizes = sizes(answer, runs);
      if (Hits.total(answer) <= IndexDefinition.MOST_HITS) {
        return CompletableFuture.completedFuture(withRuns(hits, sizes.keySet(), answer));
      }
      // Long runs are in the way of the others.
      return sizes.isEmpty()
          ? CompletableFuture.completedFuture(hits)
          : several(List.of(members(sizes.keySet())), List.of())
              .thenApply(again -> withRuns(hits, sizes.keySet(), again.getFirst()));
    });
  }

  private static ObjectNode members(Set<UUID> runs) {
    ObjectNode search = JSON.objectNode().put("size", IndexDefinition.MOST_HITS).put("track_total_hits", true);
    search.set("query", filter(FilterJson.terms(Fields.RUN, runs.stream().map(UUID::toString).toList())));
    search.putArray("_source").add(Fields.MEMORY).add(Fields.RUN);
    search.putArray("sort").add(Fields.TIME).add(Fields.ACCEPTED).add(Fields.MEMORY);
    search.putObject("aggs").putObject("runs").putObject("terms").put("field", Fields.RUN).put("size", runs.size());
    return search;
  }

  private static ObjectNode filter(ObjectNode condition) {
    ObjectNode query = JSON.objectNode();
    query.putObject("bool").putArray("filter").add(condition);
    return query;
  }

  /** How many documents the runs have that are returned: not too long ones, and together not too many. */
  private static Map<UUID, Integer> sizes(JsonNode answer, Set<UUID> runs) {
    Map<UUID, Integer> found = new HashMap<>();
    answer.path("aggregations").path("runs").path("buckets").forEach(
        bucket -> found.put(UUID.fromString(bucket.path("key").asText()), bucket.path("doc_count").asInt()));
    Map<UUID, Integer> sizes = new LinkedHashMap<>();
    int all = 0;
    for (UUID run : runs) {
      int size = found.getOrDefault(run, 0);
      if (size > 1 && size <= LONGEST_RUN && all + size <= IndexDefinition.MOST_HITS) {
        all += size;
        sizes.put(run, size);
      }
    }
    return sizes;
  }

  private static IndexHits withRuns(IndexHits hits, Set<UUID> runs, JsonNode members) {
    Map<UUID, Set<MemoryId>> inOrder = new LinkedHashMap<>();
    runs.forEach(run -> inOrder.put(run, new LinkedHashSet<>()));
    for (JsonNode hit : Hits.of(members)) {
      JsonNode source = hit.path("_source");
      @Nullable
      Set<MemoryId> run = inOrder.get(UUID.fromString(source.path(Fields.RUN).asText()));
      if (run != null) {
        run.add(MemoryId.parse(source.path(Fields.MEMORY).asText()));
      }
    }
    List<List<MemoryId>> all = inOrder.values().stream().filter(run -> !run.isEmpty())
        .map(run -> List.copyOf(run)).toList();
    return new IndexHits(hits.semantic(), hits.lexical(), all, hits.exhausted(), hits.held(), hits.medianWords());
  }
}
