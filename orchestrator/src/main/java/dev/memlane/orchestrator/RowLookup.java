package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;
import dev.memlane.model.store.CoreRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Reads core's rows for many callers at once, without their vectors: what is asked for while a read is under way goes
 * out with the next one.
 *
 * <p>
 * Invariant: {@code reading} is true exactly while a read is under way, and then everything asked for waits in
 * {@code waiting}, which is as long as writes are admitted. Safe for use by several threads.
 */
final class RowLookup {

  private static final int MOST = 1_000;

  private final Stores stores;
  private final Environment environment;

  // Guarded by this.
  private List<Asked> waiting = new ArrayList<>();
  private boolean reading;

  private record Asked(MemoryId id, CompletableFuture<Optional<CoreRow>> answer) {}

  RowLookup(Stores stores, Environment environment) {
    this.stores = stores;
    this.environment = environment;
  }

  /**
   * The row as it was at some moment after this call.
   *
   * @return fails if core can't be read
   */
  CompletableFuture<Optional<CoreRow>> find(MemoryId id) {
    Asked asked = new Asked(id, new CompletableFuture<>());
    synchronized (this) {
      waiting.add(asked);
      if (reading) {
        return asked.answer;
      }
      reading = true;
    }
    readNext();
    return asked.answer;
  }

  private void readNext() {
    List<Asked> batch;
    synchronized (this) {
      if (waiting.isEmpty()) {
        reading = false;
        return;
      }
      int count = Math.min(MOST, waiting.size());
      batch = List.copyOf(waiting.subList(0, count));
      waiting = new ArrayList<>(waiting.subList(count, waiting.size()));
    }
    // What core throws fails this batch alone; otherwise nobody would ever read again.
    CompletableFuture<Map<MemoryId, CoreRow>> rows = CompletableFuture.completedFuture(batch)
        .thenCompose(asked -> stores.core().read(asked.stream().map(Asked::id).distinct().toList(), false));
    environment.whenDone(rows, (found, failure) -> {
      readNext();
      for (Asked asked : batch) {
        if (failure == null) {
          asked.answer.complete(Optional.ofNullable(found.get(asked.id)));
        } else {
          asked.answer.completeExceptionally(Futures.own(failure));
        }
      }
    });
  }
}
