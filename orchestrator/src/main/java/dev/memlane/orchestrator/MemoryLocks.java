package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets one operation at a time of this process work on a memory, in the order of asking.
 *
 * <p>
 * Invariant: a memory has a line exactly while somebody has its turn; the line holds who waits. Futures are completed
 * outside of the lock and on the executor. Who waits beyond its deadline leaves the line. Safe for use by several
 * threads.
 */
final class MemoryLocks {

  private final Environment environment;
  // Guarded by this.
  private final Map<MemoryId, Deque<Waiter>> lines = new HashMap<>();

  MemoryLocks(Environment environment) {
    this.environment = environment;
  }

  /** The turn did not come before the deadline; nothing was begun. */
  static final class LockTimeoutException extends StoreException {
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

  /** Somebody in a line. */
  private static final class Waiter {
    final CompletableFuture<MemoryLock> lock = new CompletableFuture<>();
  }

  /** The right to work on one memory, until it is closed. Closing again does nothing. */
  final class MemoryLock implements AutoCloseable {

    private final MemoryId memory;
    private final AtomicBoolean closed = new AtomicBoolean();

    private MemoryLock(MemoryId memory) {
      this.memory = memory;
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        handOn(memory);
      }
    }
  }

  /**
   * Waits for the memory's turn.
   *
   * @return fails with a {@link LockTimeoutException} at the deadline
   */
  CompletableFuture<MemoryLock> take(MemoryId memory, Instant deadline) {
    Waiter waiting = new Waiter();
    synchronized (this) {
      Deque<Waiter> line = lines.get(memory);
      if (line == null) {
        lines.put(memory, new ArrayDeque<>(0));
        return CompletableFuture.completedFuture(new MemoryLock(memory));
      }
      line.add(waiting);
    }
    ScheduledFuture<?> alarm = environment.at(deadline, () -> giveUp(memory, waiting));
    return waiting.lock.whenComplete((lock, failure) -> alarm.cancel(false));
  }

  /**
   * Waits for the memory's turn, and runs a step that has it until it ends, however it ends.
   *
   * @return what the step returns; fails with a {@link LockTimeoutException} at the deadline
   */
  <T extends @Nullable Object> CompletableFuture<T> runLocked(MemoryId memory, Instant deadline,
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

  /** The memory's turn if nobody has it; null otherwise. */
  synchronized @Nullable MemoryLock tryTake(MemoryId memory) {
    return lines.putIfAbsent(memory, new ArrayDeque<>(0)) == null ? new MemoryLock(memory) : null;
  }

  /** The memories whose turn somebody has now. */
  synchronized Set<MemoryId> taken() {
    return Set.copyOf(lines.keySet());
  }

  private void giveUp(MemoryId memory, Waiter waiting) {
    synchronized (this) {
      Deque<Waiter> line = lines.get(memory);
      if (line == null || !line.remove(waiting)) {
        return;
      }
    }
    waiting.lock.completeExceptionally(new LockTimeoutException(memory));
  }

  private void handOn(MemoryId memory) {
    Waiter next;
    synchronized (this) {
      Deque<Waiter> line = lines.get(memory);
      next = line == null ? null : line.poll();
      if (next == null) {
        lines.remove(memory);
        return;
      }
    }
    MemoryLock lock = new MemoryLock(memory);
    environment.executor().execute(() -> {
      if (!next.lock.complete(lock)) {
        lock.close();
      }
    });
  }
}
