package dev.memlane.orchestrator;

import dev.memlane.model.MemlaneException;
import dev.memlane.model.StoreException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** What futures end in, without the wrapping. */
final class Futures {

  private Futures() {}

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

  /** The failure as an exception of one caller's own, for a failure that others get as well; see {@link MemlaneException#copy}. */
  static MemlaneException own(Throwable failure) {
    Throwable cause = unwrap(failure);
    return cause instanceof MemlaneException known
        ? known.copy()
        : new StoreException("failed in an unexpected way: " + cause, cause);
  }

  /**
   * Waits for a future, whose bound is its own.
   *
   * @throws MemlaneException what it failed with, as an exception of the caller's own: the future's was made in another thread
   * and may be shared, and the calling thread's stack is what the caller needs to see as well
   */
  static <T> T await(CompletableFuture<T> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException("interrupted while waiting; what was begun goes on", e);
    } catch (ExecutionException e) {
      throw own(e);
    }
  }
}
