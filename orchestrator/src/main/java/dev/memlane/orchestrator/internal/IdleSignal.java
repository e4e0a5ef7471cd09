package dev.memlane.orchestrator.internal;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.StoreException;
import java.util.concurrent.CompletableFuture;

/**
 * Notifies callers when background work has nothing left to do.
 *
 * <p>
 * The owner of the work calls {@link #busy} and {@link #idle} under the lock that guards its queue, so that the signal
 * and the queue change together. Waiting callers run in the notification that {@code idle} returns, so the owner runs
 * it after it has released its lock. Safe for use by several threads.
 */
public final class IdleSignal {

  @GuardedBy("this")
  private CompletableFuture<Void> idle = CompletableFuture.completedFuture(null);

  @GuardedBy("this")
  private boolean closed;

  /**
   * The work has begun: callers that ask from now on wait. Does nothing if it was busy already, or once this is closed.
   */
  public synchronized void busy() {
    if (!closed && idle.isDone()) {
      idle = new CompletableFuture<>();
    }
  }

  /**
   * The work is done.
   *
   * @return notifies the callers that wait; to be run without the owner's lock
   */
  public synchronized Runnable idle() {
    CompletableFuture<Void> ended = idle;
    if (!closed) {
      idle = CompletableFuture.completedFuture(null);
    }
    return () -> ended.complete(null);
  }

  /** Completes when the work is done. Fails if this is closed before, with an exception of each caller's own. */
  public CompletableFuture<Void> awaited() {
    return Futures.withOwnFailure(present());
  }

  private synchronized CompletableFuture<Void> present() {
    return idle;
  }

  /**
   * Ends the work before it is done.
   *
   * @param reason the message for callers that wait now or ask later. Unused if no work is left
   */
  public void close(String reason) {
    CompletableFuture<Void> ended;
    synchronized (this) {
      closed = true;
      ended = idle;
    }
    ended.completeExceptionally(new StoreException(reason, null));
  }
}
