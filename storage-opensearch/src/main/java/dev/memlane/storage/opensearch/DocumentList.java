package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.DocumentName;
import dev.memlane.storage.opensearch.ClusterClient.Request;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Lists of documents, as of the last refresh. */
final class DocumentList {

  /** The most documents of one answer. */
  private static final int PAGE = 5_000;
  /** How many more than a page are read, so that its last memory is usually complete. */
  private static final int SPARE = 16;
  /** The most memories of one question. */
  private static final int MEMORIES = 1_000;

  private final ClusterClient client;
  private final ClusterFailures failures;
  private final String alias;
  private final Duration patience;

  DocumentList(ClusterClient client, ClusterFailures failures, String alias, Duration patience) {
    this.client = client;
    this.failures = failures;
    this.alias = alias;
    this.patience = patience;
  }

  /**
   * A document.
   *
   * @param routing what decides on its shard
   */
  record Listed(DocumentName name, String routing) {}

  /** Lists documents in order of memory id, see {@link dev.memlane.model.store.VectorIndex#names}. */
  CompletableFuture<List<DocumentName>> page(@Nullable MemoryId after, int limit) {
    ObjectNode query = (ObjectNode) FilterJson.everything();
    if (after != null) {
      query = JsonNodeFactory.instance.objectNode();
      query.putObject("range").putObject(Fields.MEMORY).put("gt", after.toString());
    }
    int more = (int) Math.min(Integer.MAX_VALUE, (long) limit + SPARE);
    return pages(query, null, more, null, new ArrayList<>()).thenCompose(found -> {
      int end = Math.min(limit, found.size());
      while (end > 0 && end < found.size()
          && found.get(end).name().memory().equals(found.get(end - 1).name().memory())) {
        end++;
      }
      List<DocumentName> page = names(found.subList(0, end));
      if (end < found.size() || found.size() < more) {
        return CompletableFuture.completedFuture(page);
      }
      // The last memory may have still more.
      MemoryId last = page.getLast().memory();
      return of(last, null).thenApply(all -> {
        List<DocumentName> complete = new ArrayList<>(
            page.stream().filter(name -> !name.memory().equals(last)).toList());
        complete.addAll(names(all));
        return List.copyOf(complete);
      });
    });
  }

  /** Lists the documents of some memories, in no order. */
  CompletableFuture<List<DocumentName>> of(Collection<MemoryId> memories) {
    List<MemoryId> asked = memories.stream().distinct().toList();
    CompletableFuture<List<Listed>> all = CompletableFuture.completedFuture(new ArrayList<>());
    for (int i = 0; i < asked.size(); i += MEMORIES) {
      List<String> some = asked.subList(i, Math.min(asked.size(), i + MEMORIES)).stream().map(MemoryId::toString)
          .toList();
      all = all.thenCompose(
          found -> pages(FilterJson.terms(Fields.MEMORY, some), null, Integer.MAX_VALUE, null, found));
    }
    return all.thenApply(DocumentList::names);
  }

  /**
   * Lists the documents of one memory.
   *
   * @param routing null if it is not known
   */
  CompletableFuture<List<Listed>> of(MemoryId memory, @Nullable String routing) {
    return pages(FilterJson.term(Fields.MEMORY, memory.toString()), routing, Integer.MAX_VALUE, null,
        new ArrayList<>());
  }

  private static List<DocumentName> names(List<Listed> listed) {
    return listed.stream().map(Listed::name).toList();
  }

  /** Adds pages to a list until there are no more, or enough. */
  private CompletableFuture<List<Listed>> pages(ObjectNode query, @Nullable String routing, int limit,
      @Nullable JsonNode after, List<Listed> found) {
    int size = Math.min(PAGE, limit - found.size());
    ObjectNode search = JsonNodeFactory.instance.objectNode().put("size", size).put("track_total_hits", false);
    search.putObject("query").putObject("bool").putArray("filter").add(query);
    search.putArray("_source").add(Fields.MEMORY).add(Fields.OP);
    search.putArray("sort").add(Fields.MEMORY).add(Fields.OP);
    if (after != null) {
      search.set("search_after", after);
    }
    String path = "/" + alias + "/_search?allow_partial_search_results=false"
        + (routing == null ? "" : "&routing=" + routing);
    return client.ask(Request.post("could not be listed", path, search), patience).thenCompose(answer -> {
      JsonNode hits = Hits.of(Hits.whole(answer, failures, "could not be listed"));
      for (JsonNode hit : hits) {
        found.add(new Listed(DocumentJson.name(hit.path("_source")), hit.path("_routing").asText()));
      }
      return hits.size() < size || found.size() >= limit
          ? CompletableFuture.completedFuture(found)
          : pages(query, routing, limit, hits.get(hits.size() - 1).path("sort"), found);
    });
  }
}
