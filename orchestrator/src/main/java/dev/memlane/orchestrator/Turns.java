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
final class Turns {

  private final Environment environment;
  // Guarded by this.
  private final Map<MemoryId, Deque<Waiting>> lines = new HashMap<>();

  Turns(Environment environment) {
    this.environment = environment;
  }

  /** The turn did not come before the deadline; nothing was begun. */
  static final class TurnTimeoutException extends StoreException {
    TurnTimeoutException(MemoryId memory) {
      super("other operations on memory " + memory + " took until the deadline; try again", null);
    }

    private TurnTimeoutException(TurnTimeoutException shared) {
      super(String.valueOf(shared.getMessage()), shared);
    }

    @Override
    public TurnTimeoutException copy() {
      return new TurnTimeoutException(this);
    }
  }

  /** Somebody in a line. */
  private static final class Waiting {
    final CompletableFuture<Turn> turn = new CompletableFuture<>();
  }

  /** The right to work on one memory, until it is closed. Closing again does nothing. */
  final class Turn implements AutoCloseable {

    private final MemoryId memory;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Turn(MemoryId memory) {
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
   * @return fails with a {@link TurnTimeoutException} at the deadline
   */
  CompletableFuture<Turn> take(MemoryId memory, Instant deadline) {
    Waiting waiting = new Waiting();
    synchronized (this) {
      Deque<Waiting> line = lines.get(memory);
      if (line == null) {
        lines.put(memory, new ArrayDeque<>(0));
        return CompletableFuture.completedFuture(new Turn(memory));
      }
      line.add(waiting);
    }
    ScheduledFuture<?> alarm = environment.at(deadline, () -> giveUp(memory, waiting));
    return waiting.turn.whenComplete((turn, failure) -> alarm.cancel(false));
  }

  /**
   * Waits for the memory's turn, and runs a step that has it until it ends, however it ends.
   *
   * @return what the step returns; fails with a {@link TurnTimeoutException} at the deadline
   */
  <T extends @Nullable Object> CompletableFuture<T> in(MemoryId memory, Instant deadline,
      Supplier<CompletableFuture<T>> step) {
    return environment.then(take(memory, deadline), turn -> {
      CompletableFuture<T> begun;
      try {
        begun = step.get();
      } catch (RuntimeException e) {
        begun = CompletableFuture.failedFuture(e);
      }
      return begun.whenComplete((done, failure) -> turn.close());
    });
  }

  /** The memory's turn if nobody has it; null otherwise. */
  synchronized @Nullable Turn tryTake(MemoryId memory) {
    return lines.putIfAbsent(memory, new ArrayDeque<>(0)) == null ? new Turn(memory) : null;
  }

  /** The memories whose turn somebody has now. */
  synchronized Set<MemoryId> taken() {
    return Set.copyOf(lines.keySet());
  }

  private void giveUp(MemoryId memory, Waiting waiting) {
    synchronized (this) {
      Deque<Waiting> line = lines.get(memory);
      if (line == null || !line.remove(waiting)) {
        return;
      }
    }
    waiting.turn.completeExceptionally(new TurnTimeoutException(memory));
  }

  private void handOn(MemoryId memory) {
    Waiting next;
    synchronized (this) {
      Deque<Waiting> line = lines.get(memory);
      next = line == null ? null : line.poll();
      if (next == null) {
        lines.remove(memory);
        return;
      }
    }
    Turn turn = new Turn(memory);
    environment.executor().execute(() -> {
      if (!next.turn.complete(turn)) {
        turn.close();
      }
    });
  }
}
