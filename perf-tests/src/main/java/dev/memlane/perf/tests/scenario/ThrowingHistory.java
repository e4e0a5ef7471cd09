package dev.memlane.perf.tests.scenario;

import dev.memlane.model.ChangeFeed;
import dev.memlane.model.Head;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.HistoryStore;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Operation;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.Unit;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A history that throws before it joins a unit whose content begins with a word. Safe for use by several threads. */
final class ThrowingHistory implements HistoryStore {

  private final HistoryStore history;
  private final String word;

  ThrowingHistory(HistoryStore history, String word) {
    this.history = history;
    this.word = word;
  }

  @Override
  public CompletableFuture<StoreResult> write(Unit unit, Operation operation) {
    Memory after = operation.after();
    if (after != null && after.content().startsWith(word)) {
      throw new StoreException("thrown by the scenario", null);
    }
    return history.write(unit, operation);
  }

  @Override
  public CompletableFuture<StoreResult> undo(Unit unit, Operation operation, UUID stamp) {
    return history.undo(unit, operation, stamp);
  }

  @Override
  public CompletableFuture<StoreResult> look(Unit unit) {
    return history.look(unit);
  }

  @Override
  public CompletableFuture<StoreResult> sweep(Unit unit) {
    return history.sweep(unit);
  }

  @Override
  public CompletableFuture<Integer> sweepVoid(Instant before, int limit) {
    return history.sweepVoid(before, limit);
  }

  @Override
  public CompletableFuture<Boolean> has(OperationId op) {
    return history.has(op);
  }

  @Override
  public CompletableFuture<List<HistoryEntry>> entries(MemoryId memory, int afterVersion, int limit) {
    return history.entries(memory, afterVersion, limit);
  }

  @Override
  public CompletableFuture<Long> count(@Nullable MemoryId memory) {
    return history.count(memory);
  }

  @Override
  public CompletableFuture<List<Head>> heads(@Nullable MemoryId after, int limit) {
    return history.heads(after, limit);
  }

  @Override
  public CompletableFuture<ChangeFeed> follow() {
    return history.follow();
  }

  @Override
  public CompletableFuture<Long> bytes() {
    return history.bytes();
  }
}
