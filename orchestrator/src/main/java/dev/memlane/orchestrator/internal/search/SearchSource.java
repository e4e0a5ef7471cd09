package dev.memlane.orchestrator.internal.search;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.DocumentSearch;
import dev.memlane.orchestrator.SearchRequest;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What a search reads: the memories as they are, or as they were at some time. */
interface SearchSource {

  DocumentSearch index();

  /**
   * Reads the memories among these ids that the request may find.
   *
   * @param unexpiredAt leaves out memories that have expired by then; null leaves out none
   */
  CompletableFuture<Map<MemoryId, Memory>> find(Collection<MemoryId> ids, SearchRequest request,
      @Nullable Instant unexpiredAt);

  /** Reads the vectors of those memories among these ids that have one. */
  CompletableFuture<Map<MemoryId, Embedding>> vectors(Collection<MemoryId> ids);
}
