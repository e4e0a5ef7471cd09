package dev.memlane.spring.ai;

import dev.memlane.model.MemlaneException;
import dev.memlane.model.StoreException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Waiting for futures. */
final class Futures {

  private Futures() {}

  /**
   * Waits for a future, which has a bound of its own.
   *
   * @throws MemlaneException a copy of the future's failure, so that it shows the stack of the thread that waits
   */
  static <T> T await(CompletableFuture<T> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException("interrupted while waiting; what was begun goes on", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof MemlaneException known
          ? known.copy()
          : new StoreException("failed in an unexpected way: " + e.getCause(), e.getCause());
    }
  }
}
