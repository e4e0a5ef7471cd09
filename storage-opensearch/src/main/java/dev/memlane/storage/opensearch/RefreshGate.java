package dev.memlane.storage.opensearch;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The refreshes of the index: what makes writes visible to searches. One refresh runs at a time, and serves everybody who
 * waits for one that begins later than their call.
 *
 * <p>
 * The invariant: a caller is served by a refresh that began after the last write that the caller has to see was answered.
 */
final class RefreshGate {

  private static final CompletableFuture<Void> NOTHING_TO_DO = CompletableFuture.completedFuture(null);

  private final Supplier<CompletableFuture<?>> refresh;
  private final ReentrantLock lock = new ReentrantLock();

  /** How many writes of this process were answered. */
  @GuardedBy("lock")
  private long written;
  /** How many of them a refresh has made visible. */
  @GuardedBy("lock")
  private long visible;
  /** How many of them the running refresh makes visible. */
  @GuardedBy("lock")
  private long becomingVisible;
  @GuardedBy("lock")
  private @Nullable CompletableFuture<Void> running;
  @GuardedBy("lock")
  private @Nullable CompletableFuture<Void> next;

  RefreshGate(Supplier<CompletableFuture<?>> refresh) {
    this.refresh = refresh;
  }

  /** A write was answered, or may have been applied without an answer. Called before its caller is notified. */
  void written() {
    lock.lock();
    try {
      written++;
    } finally {
      lock.unlock();
    }
  }

  /** Completes when every write that this process has seen the end of is visible. */
  CompletableFuture<Void> ownWrites() {
    lock.lock();
    try {
      if (visible >= written) {
        return NOTHING_TO_DO;
      }
      if (running != null && becomingVisible >= written) {
        return running;
      }
    } finally {
      lock.unlock();
    }
    return allWrites();
  }

  /** Completes when everything is visible that the cluster has applied before this call. */
  CompletableFuture<Void> allWrites() {
    CompletableFuture<Void> mine;
    boolean begin;
    lock.lock();
    try {
      if (next == null) {
        next = new CompletableFuture<>();
      }
      mine = next;
      begin = running == null;
      if (begin) {
        running = next;
        next = null;
        becomingVisible = written;
      }
    } finally {
      lock.unlock();
    }
    if (begin) {
      begin(mine);
    }
    return mine;
  }

  private void begin(CompletableFuture<Void> served) {
    CompletableFuture<?> unused = refresh.get().whenComplete((done, failure) -> end(served, failure));
  }

  private void end(CompletableFuture<Void> served, @Nullable Throwable failure) {
    CompletableFuture<Void> following;
    lock.lock();
    try {
      if (failure == null) {
        visible = Math.max(visible, becomingVisible);
      }
      running = next;
      next = null;
      becomingVisible = written;
      following = running;
    } finally {
      lock.unlock();
    }
    if (following != null) {
      begin(following);
    }
    if (failure == null) {
      served.complete(null);
    } else {
      served.completeExceptionally(failure);
    }
  }
}
