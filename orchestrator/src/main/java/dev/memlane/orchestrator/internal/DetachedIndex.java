package dev.memlane.orchestrator.internal;

import dev.memlane.model.IndexSummary;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Receipt;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.DocumentSearch;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.IndexHits;
import dev.memlane.model.store.IndexQuery;
import dev.memlane.model.store.VectorIndex;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The index of a process that has none: it accepts every write, keeps nothing, and can't be searched. The processes that
 * have an index follow the log, which names each change whoever made it. Immutable.
 *
 * @param model the name of the vectors
 * @param dimension of the vectors
 */
public record DetachedIndex(String model, int dimension) implements VectorIndex {

  @Override
  public CompletableFuture<StoreResult> put(IndexDocument document, Instant deadline) {
    return accepted(document.name(), document.memory().version());
  }

  @Override
  public CompletableFuture<StoreResult> check(DocumentName name, Instant deadline) {
    return accepted(name, 0);
  }

  private static CompletableFuture<StoreResult> accepted(DocumentName name, int version) {
    return CompletableFuture.completedFuture(
        new StoreResult.Applied(new Receipt(StoreKind.VECTOR, name.memory(), name.op(), version)));
  }

  @Override
  public CompletableFuture<Void> retain(DocumentName name) {
    return done();
  }

  @Override
  public CompletableFuture<Void> remove(DocumentName name) {
    return done();
  }

  @Override
  public CompletableFuture<Void> removeAll(MemoryId memory) {
    return done();
  }

  @Override
  public CompletableFuture<IndexHits> search(IndexQuery query) {
    return CompletableFuture.failedFuture(unsearchable());
  }

  @Override
  public CompletableFuture<Set<String>> actors(List<Scope> scopes, Set<String> keys) {
    return CompletableFuture.failedFuture(unsearchable());
  }

  @Override
  public CompletableFuture<DocumentSearch> temporary(List<IndexDocument> documents) {
    return CompletableFuture.failedFuture(unsearchable());
  }

  private static StoreException unsearchable() {
    return new StoreException("this process only writes and has no index to search; search in one that has", null);
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(@Nullable MemoryId after, int limit) {
    return CompletableFuture.completedFuture(List.of());
  }

  @Override
  public CompletableFuture<List<DocumentName>> names(Collection<MemoryId> memories) {
    return CompletableFuture.completedFuture(List.of());
  }

  @Override
  public CompletableFuture<Void> commit() {
    return done();
  }

  @Override
  public CompletableFuture<Void> expunge() {
    return done();
  }

  @Override
  public CompletableFuture<Boolean> holdsRemoved(Collection<MemoryId> memories) {
    return CompletableFuture.completedFuture(false);
  }

  @Override
  public CompletableFuture<Void> clear() {
    return done();
  }

  @Override
  public IndexSummary summary() {
    return new IndexSummary(model, dimension, 0, 0, 0);
  }

  @Override
  public @Nullable StoreException failure() {
    return null;
  }

  @Override
  public void close() {
    // Nothing is open.
  }

  private static CompletableFuture<Void> done() {
    return CompletableFuture.completedFuture(null);
  }
}
