package dev.memlane.orchestrator;

import dev.memlane.model.MemlaneException;
import dev.memlane.model.StoreException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** What futures end in, without the wrapping. */
final class Outcomes {

  private Outcomes() {}

  /** The failure itself, without the exceptions that futures wrap around it. */
  static Throwable unwrap(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException || cause instanceof ExecutionException) {
      Throwable inner = cause.getCause();
      if (inner == null) {
        return cause;
      }
      cause = inner;
    }
    return cause;
  }

  /**
   * Waits for a future, whose bound is its own.
   *
   * @throws MemlaneException what it failed with
   */
  static <T> T await(CompletableFuture<T> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException("interrupted while waiting; what was begun goes on", e);
    } catch (ExecutionException e) {
      Throwable cause = unwrap(e);
      if (cause instanceof MemlaneException memlane) {
        // Thrown in another thread: this thread's stack is what the caller needs to see as well.
        memlane.addSuppressed(new StoreException("waited for here", null));
        throw memlane;
      }
      throw new StoreException("failed in an unexpected way: " + cause, cause);
    }
  }
}
