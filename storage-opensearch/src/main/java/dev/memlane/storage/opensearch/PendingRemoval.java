package dev.memlane.storage.opensearch;

import dev.memlane.model.MemoryId;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A write that is no put, and its end. */
final class PendingRemoval implements WriteOrder.Write {

  private final @Nullable MemoryId memory;
  private final Supplier<CompletableFuture<Void>> work;
  private final CompletableFuture<Void> result = new CompletableFuture<>();

  /**
   * @param memory the memory that it changes; null for all
   * @param work is begun when it is this write's turn
   */
  PendingRemoval(@Nullable MemoryId memory, Supplier<CompletableFuture<Void>> work) {
    this.memory = memory;
    this.work = work;
  }

  CompletableFuture<Void> result() {
    return result;
  }

  @Override
  public @Nullable MemoryId memory() {
    return memory;
  }

  @Override
  public void begin(Runnable ended) {
    CompletableFuture<Void> begun;
    try {
      begun = work.get();
    } catch (RuntimeException e) {
      begun = CompletableFuture.failedFuture(e);
    }
    CompletableFuture<?> unused = begun.whenComplete((done, failure) -> {
      // First, so that a caller who goes on at once finds its memory free.
      ended.run();
      if (failure == null) {
        result.complete(null);
      } else {
        result.completeExceptionally(failure);
      }
    });
  }
}
