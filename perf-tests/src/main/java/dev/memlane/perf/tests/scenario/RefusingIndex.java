package dev.memlane.perf.tests.scenario;

import dev.memlane.model.DocumentName;
import dev.memlane.model.IndexDocument;
import dev.memlane.model.IndexHits;
import dev.memlane.model.IndexQuery;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.VectorIndex;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** An index that refuses documents whose content begins with a word. Safe for use by several threads. */
final class RefusingIndex implements VectorIndex {

  private final VectorIndex index;
  private final String word;

  RefusingIndex(VectorIndex index, String word) {
    this.index = index;
    this.word = word;
  }

  @Override
  public CompletableFuture<StoreResult> put(IndexDocument document, Instant deadline) {
    if (!document.memory().content().startsWith(word)) {
      return index.put(document, deadline);
    }
    // Later, as an index does: one that refuses at once is never fanned out to.
    return CompletableFuture
        .supplyAsync(() -> new StoreResult.NotApplied(new StoreException("refused by the scenario", null)));
  }

  @Override
  public CompletableFuture<StoreResult> check(DocumentName name, Instant deadline) {
    return index.check(name, deadline);
  }

  @Override
  public CompletableFuture<Void> retain(DocumentName name) {
    return index.retain(name);
  }

  @Override
  public CompletableFuture<Void> remove(DocumentName name) {
    return index.remove(name);
  }

  @Override
  public CompletableFuture<Void> removeAll(MemoryId memory) {
    return index.removeAll(memory);
  }

  @Override
  public CompletableFuture<IndexHits> search(IndexQuery query) {
    return index.search(query);
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(@Nullable MemoryId after, int limit) {
    return index.names(after, limit);
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(Collection<MemoryId> memories) {
    return index.names(memories);
  }

  @Override
  public CompletableFuture<Void> commit() {
    return index.commit();
  }

  @Override
  public CompletableFuture<Void> clear() {
    return index.clear();
  }

  @Override
  public IndexSummary summary() {
    return index.summary();
  }

  @Override
  public @Nullable StoreException failure() {
    return index.failure();
  }

  @Override
  public long generation() {
    return index.generation();
  }

  @Override
  public void close() {
    index.close();
  }
}
