package dev.memlane.orchestrator.internal;

import dev.memlane.model.MemlaneException;
import dev.memlane.model.StoreException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Helpers for futures and their failures. */
public final class Futures {

  private Futures() {}

  /** The failure without the exceptions that futures wrap around it. */
  public static Throwable unwrap(Throwable failure) {
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

  /** A copy of a failure that several callers receive, for one of them; see {@link MemlaneException#copy}. */
  public static MemlaneException own(Throwable failure) {
    Throwable cause = unwrap(failure);
    return cause instanceof MemlaneException known
        ? known.copy()
        : new StoreException("failed in an unexpected way: " + cause, cause);
  }

  /** The same result for one of several callers: if the future fails, each gets an exception of its own. */
  public static <T extends @Nullable Object> CompletableFuture<T> withOwnFailure(CompletableFuture<T> future) {
    return future.state() == Future.State.SUCCESS
        ? future
        : future.exceptionallyCompose(failure -> CompletableFuture.failedFuture(own(failure)));
  }

  /**
   * Waits for a future without a bound of its own: the future has one.
   *
   * @throws MemlaneException a copy of the future's failure. The original was made in another thread and may be shared, and
   * the caller needs to see its own stack as well
   */
  public static <T> T await(CompletableFuture<T> future) {
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
