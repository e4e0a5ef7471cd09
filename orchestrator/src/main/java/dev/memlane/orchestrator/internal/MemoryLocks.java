package dev.memlane.orchestrator.internal;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The locks of memories: one operation of this process at a time works on a memory, in the order of the requests.
 *
 * <p>
 * Invariant: a memory has a queue exactly while it is locked, and the queue holds the waiting requests. Futures are
 * completed outside of this object's monitor and on the executor. A request that waits beyond its deadline leaves the queue.
 * Safe for use by several threads.
 */
public final class MemoryLocks {

  private final Environment environment;

  @GuardedBy("this")
  private final Map<MemoryId, Deque<CompletableFuture<MemoryLock>>> queues = new HashMap<>();

  /** The recordings under way; usually none or one. */
  @GuardedBy("this")
  private final List<Recording> recordings = new ArrayList<>(1);

  public MemoryLocks(Environment environment) {
    this.environment = environment;
  }

  /** The failure of an operation that did not get the lock before its deadline; nothing was begun. */
  public static final class LockTimeoutException extends StoreException {
    LockTimeoutException(MemoryId memory) {
      super("other operations on memory " + memory + " took until the deadline; try again", null);
    }

    private LockTimeoutException(LockTimeoutException shared) {
      super(String.valueOf(shared.getMessage()), shared);
    }

    @Override
    public LockTimeoutException copy() {
      return new LockTimeoutException(this);
    }
  }

  /** A held lock of one memory, released by closing it. Closing it again does nothing. */
  public final class MemoryLock implements AutoCloseable {

    private final MemoryId memory;
    private final AtomicBoolean closed = new AtomicBoolean();

    private MemoryLock(MemoryId memory) {
      this.memory = memory;
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        release(memory);
      }
    }
  }

  /**
   * Locks a memory, waiting for the operations before.
   *
   * @return fails with a {@link LockTimeoutException} at the deadline
   */
  public CompletableFuture<MemoryLock> take(MemoryId memory, Instant deadline) {
    CompletableFuture<MemoryLock> request = new CompletableFuture<>();
    synchronized (this) {
      Deque<CompletableFuture<MemoryLock>> queue = queues.get(memory);
      if (queue == null) {
        queues.put(memory, new ArrayDeque<>(0));
        noteLocked(memory);
        return CompletableFuture.completedFuture(new MemoryLock(memory));
      }
      queue.add(request);
    }
    ScheduledFuture<?> alarm = environment.at(deadline, () -> timeOut(memory, request));
    return request.whenComplete((lock, failure) -> alarm.cancel(false));
  }

  /**
   * Runs a step under the memory's lock, which is released when the step ends, however it ends.
   *
   * @return what the step returns; fails with a {@link LockTimeoutException} at the deadline
   */
  public <T extends @Nullable Object> CompletableFuture<T> runLocked(MemoryId memory, Instant deadline,
      Supplier<CompletableFuture<T>> step) {
    return environment.then(take(memory, deadline), lock -> {
      CompletableFuture<T> begun;
      try {
        begun = step.get();
      } catch (RuntimeException e) {
        begun = CompletableFuture.failedFuture(e);
      }
      return begun.whenComplete((done, failure) -> lock.close());
    });
  }

  /** Locks a memory if it is free; null if it is locked. */
  public synchronized @Nullable MemoryLock tryTake(MemoryId memory) {
    if (queues.putIfAbsent(memory, new ArrayDeque<>(0)) != null) {
      return null;
    }
    noteLocked(memory);
    return new MemoryLock(memory);
  }

  @GuardedBy("this")
  private void noteLocked(MemoryId memory) {
    for (Recording recording : recordings) {
      recording.locked.add(memory);
    }
  }

  /** Begins to record which memories are locked, with those that are locked now. */
  public synchronized Recording record() {
    Recording recording = new Recording(queues.keySet());
    recordings.add(recording);
    return recording;
  }

  /** A record of the memories that were locked at any time since it began. Ended by closing it. */
  public final class Recording implements AutoCloseable {

    // A lock that is passed on keeps its memory locked, so taking a free lock is all that has to be noted.
    /** Guarded by the locks' monitor. */
    private final Set<MemoryId> locked;
    private boolean closed;

    private Recording(Set<MemoryId> locked) {
      this.locked = new HashSet<>(locked);
    }

    /** The memories that were locked until now, or until it was closed. */
    public Set<MemoryId> soFar() {
      synchronized (MemoryLocks.this) {
        return Set.copyOf(locked);
      }
    }

    public boolean isClosed() {
      synchronized (MemoryLocks.this) {
        return closed;
      }
    }

    @Override
    public void close() {
      synchronized (MemoryLocks.this) {
        closed = true;
        recordings.remove(this);
      }
    }
  }

  /** The memories that are locked now. */
  public synchronized Set<MemoryId> locked() {
    return Set.copyOf(queues.keySet());
  }

  @SuppressWarnings("CollectionUndefinedEquality") // the queue is searched for this very future
  private void timeOut(MemoryId memory, CompletableFuture<MemoryLock> request) {
    synchronized (this) {
      Deque<CompletableFuture<MemoryLock>> queue = queues.get(memory);
      if (queue == null || !queue.remove(request)) {
        return;
      }
    }
    request.completeExceptionally(new LockTimeoutException(memory));
  }

  private void release(MemoryId memory) {
    CompletableFuture<MemoryLock> next;
    synchronized (this) {
      Deque<CompletableFuture<MemoryLock>> queue = queues.get(memory);
      next = queue == null ? null : queue.poll();
      if (next == null) {
        queues.remove(memory);
        return;
      }
    }
    MemoryLock lock = new MemoryLock(memory);
    environment.executor().execute(() -> {
      if (!next.complete(lock)) {
        lock.close();
      }
    });
  }
}
