package dev.memlane.orchestrator.internal.write;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.internal.Futures;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The admission of writes: decides whether a write may begin, and counts those under way.
 *
 * <p>
 * At the limit of writes under way, a caller waits in its own thread, no longer than its patience. That slows down a caller
 * that is faster than the stores. A write is refused once this is closed, and while too many writes are unsettled. Safe for
 * use by several threads.
 */
public final class Admission {

  private final int mostInFlight;
  private final int mostUnsettled;
  private final Duration patience;
  private final Settler settler;
  private final Executor executor;
  private final CompletableFuture<Void> drained = new CompletableFuture<>();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition room = lock.newCondition();

  @GuardedBy("lock")
  private int inFlight;

  @GuardedBy("lock")
  private boolean closed;

  /**
   * @param mostInFlight how many writes may be under way
   * @param mostUnsettled how many writes may be unsettled
   * @param patience how long a caller waits for room
   * @param executor runs what follows a failed write; its threads may be blocked
   */
  public Admission(int mostInFlight, int mostUnsettled, Duration patience, Settler settler,
      Executor executor) {
    this.mostInFlight = mostInFlight;
    this.mostUnsettled = mostUnsettled;
    this.patience = patience;
    this.settler = settler;
    this.executor = executor;
  }

  /**
   * Runs a write if it is admitted.
   *
   * @param refused makes the outcome of a refused write from the reason
   */
  public <T> CompletableFuture<T> admit(Supplier<CompletableFuture<T>> write, Function<String, T> refused) {
    String refusal = enter();
    if (refusal != null) {
      return CompletableFuture.completedFuture(refused.apply(refusal));
    }
    CompletableFuture<T> outcome;
    try {
      outcome = write.get();
    } catch (RuntimeException e) {
      leave();
      throw e;
    }
    return outcome.whenComplete((done, failure) -> leave());
  }

  /**
   * Runs the write of one memory if it is admitted.
   *
   * @return the write's outcome, on a thread that may be blocked; {@link WriteOutcome.Refused} if the write was not admitted
   * or failed before its fan-out. Never fails
   */
  public CompletableFuture<WriteOutcome> write(Supplier<CompletableFuture<WriteOutcome>> write) {
    return admit(
        // Inside the chain, so that a write that throws is refused as well. A failure is moved to a thread that may be blocked.
        () -> CompletableFuture.completedFuture(write).thenCompose(Supplier::get)
            .exceptionallyAsync(Admission::refused, executor),
        reason -> new WriteOutcome.Refused(reason, null));
  }

  private static WriteOutcome refused(Throwable failure) {
    Throwable cause = Futures.unwrap(failure);
    if (cause instanceof EmbeddingException) {
      return new WriteOutcome.Refused("the text could not be embedded: " + cause.getMessage(), cause);
    }
    return new WriteOutcome.Refused(
        cause instanceof MemlaneException ? String.valueOf(cause.getMessage()) : "an unexpected failure: " + cause,
        cause);
  }

  private @Nullable String enter() {
    lock.lock();
    try {
      awaitRoom();
      if (closed) {
        return "the memory is closed; open it again";
      }
      if (inFlight >= mostInFlight) {
        return mostInFlight + " writes are under way, which is the limit, and none of them ended within " + patience
            + ": the stores are slower than the writers; write less at once, or try again later";
      }
      if (settler.unsettled() >= mostUnsettled) {
        // This caller does not use the room that woke it.
        room.signal();
        return mostUnsettled
            + " writes are unsettled, which is the limit: the database cannot be reached to find out what "
            + "became of them; check it, they settle by themselves when it answers";
      }
      inFlight++;
      return null;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void awaitRoom() {
    long left = patience.toNanos();
    try {
      while (inFlight >= mostInFlight && !closed && left > 0) {
        left = room.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      // The write is refused, since nothing was begun; the thread keeps its interrupt.
      Thread.currentThread().interrupt();
    }
  }

  private void leave() {
    boolean last;
    lock.lock();
    try {
      inFlight--;
      last = closed && inFlight == 0;
      room.signal();
    } finally {
      lock.unlock();
    }
    if (last) {
      drained.complete(null);
    }
  }

  /** How many writes are under way. */
  public int inFlight() {
    lock.lock();
    try {
      return inFlight;
    } finally {
      lock.unlock();
    }
  }

  /** How many callers wait for room. */
  public int waiting() {
    lock.lock();
    try {
      return lock.getWaitQueueLength(room);
    } finally {
      lock.unlock();
    }
  }

  /** Refuses all writes from now on. The future completes when the writes under way have ended. */
  public CompletableFuture<Void> close() {
    boolean idle;
    lock.lock();
    try {
      closed = true;
      idle = inFlight == 0;
      room.signalAll();
    } finally {
      lock.unlock();
    }
    if (idle) {
      drained.complete(null);
    }
    return drained;
  }
}
