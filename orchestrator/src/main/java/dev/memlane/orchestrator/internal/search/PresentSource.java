package dev.memlane.orchestrator.internal.search;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.DocumentSearch;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The memories as they are now: the index and core. */
record PresentSource(Stores stores) implements SearchSource {

  @Override
  public DocumentSearch index() {
    return stores.index();
  }

  @Override
  public CompletableFuture<Map<MemoryId, Memory>> find(Collection<MemoryId> ids, SearchRequest request,
      @Nullable Instant unexpiredAt) {
    return stores.core().find(ids, request.scopes(), request.filter(), unexpiredAt);
  }

  @Override
  public CompletableFuture<Map<MemoryId, Embedding>> vectors(Collection<MemoryId> ids) {
    return stores.core().read(ids, true).thenApply(rows -> {
      Map<MemoryId, Embedding> vectors = new HashMap<>();
      rows.forEach((id, row) -> {
        Embedding vector = row.embedding();
        if (vector != null) {
          vectors.put(id, vector);
        }
      });
      return vectors;
    });
  }
}
