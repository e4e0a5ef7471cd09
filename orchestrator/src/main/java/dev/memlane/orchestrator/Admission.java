package dev.memlane.orchestrator;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a write may begin, and knows how many have.
 *
 * <p>
 * While as many writes are under way as may be, who wants to begin another waits in its own thread, which is what slows
 * down a caller that is faster than the stores; no longer than its patience. Refuses when it is closed, and when too many
 * writes are unsettled: beyond that nobody could tell what is true. Safe for use by several threads.
 */
final class Admission {

  private final int mostInFlight;
  private final int mostUnsettled;
  private final Duration patience;
  private final Settler settler;
  private final CompletableFuture<Void> drained = new CompletableFuture<>();

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by lock.
  private final Condition room = lock.newCondition();
  private int inFlight;
  private boolean closed;

  /**
   * @param patience how long to wait for room
   */
  Admission(int mostInFlight, int mostUnsettled, Duration patience, Settler settler) {
    this.mostInFlight = mostInFlight;
    this.mostUnsettled = mostUnsettled;
    this.patience = patience;
    this.settler = settler;
  }

  /**
   * Runs a write if it is admitted.
   *
   * @param refused makes the outcome of one that isn't, from the reason
   */
  <T> CompletableFuture<T> admit(Supplier<CompletableFuture<T>> write, Function<String, T> refused) {
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
        // The room that woke this one is still there.
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

  private void awaitRoom() {
    long left = patience.toNanos();
    try {
      while (inFlight >= mostInFlight && !closed && left > 0) {
        left = room.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      // Nothing was begun, and the caller is told so; its thread remembers why.
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

  int inFlight() {
    lock.lock();
    try {
      return inFlight;
    } finally {
      lock.unlock();
    }
  }

  /** Refuses from now on; the future completes when what is under way has ended. */
  CompletableFuture<Void> close() {
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
