package dev.memlane.langchain4j;

import dev.memlane.model.MemlaneException;
import dev.memlane.model.StoreException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** The wait of LangChain4j's blocking calls for a memory's futures. */
final class Waiting {

  private Waiting() {}

  /**
   * Waits for a future without a bound of its own: a memory's futures have one.
   *
   * @throws MemlaneException a copy of the future's failure, which shows the caller's stack too
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
