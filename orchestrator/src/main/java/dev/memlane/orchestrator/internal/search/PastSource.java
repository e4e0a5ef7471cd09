package dev.memlane.orchestrator.internal.search;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.DocumentSearch;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.orchestrator.SearchRequest;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The memories as they were at some time, all in memory.
 *
 * @param index a temporary index of exactly these documents
 */
record PastSource(DocumentSearch index, Map<MemoryId, IndexDocument> documents) implements SearchSource {

  PastSource {
    documents = Map.copyOf(documents);
  }

  /** The index has already left out what the request does not ask for. */
  @Override
  public CompletableFuture<Map<MemoryId, Memory>> find(Collection<MemoryId> ids, SearchRequest request,
      @Nullable Instant unexpiredAt) {
    Map<MemoryId, Memory> found = new HashMap<>();
    for (MemoryId id : ids) {
      IndexDocument document = documents.get(id);
      if (document != null) {
        found.put(id, document.memory());
      }
    }
    return CompletableFuture.completedFuture(found);
  }

  @Override
  public CompletableFuture<Map<MemoryId, Embedding>> vectors(Collection<MemoryId> ids) {
    Map<MemoryId, Embedding> vectors = new HashMap<>();
    for (MemoryId id : ids) {
      IndexDocument document = documents.get(id);
      if (document != null) {
        vectors.put(id, document.embedding());
      }
    }
    return CompletableFuture.completedFuture(vectors);
  }
}
