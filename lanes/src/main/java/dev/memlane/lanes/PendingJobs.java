package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A count of the jobs that are not done or whose callers have not been notified yet, and the drains that wait for it
 * to reach zero. Guarded by the executor's lock, except {@link #notified}.
 */
final class PendingJobs {

  /** How many jobs were accepted. The thread that notifies the last caller sees all of them without the lock. */
  private int added;
  /** How many of them have ended and had their callers notified. */
  private final AtomicInteger notified = new AtomicInteger();
  private boolean isIdle = true;
  private final List<CompletableFuture<@Nullable Void>> drains = new ArrayList<>();

  void added() {
    added++;
    isIdle = false;
  }

  /**
   * Counts a job whose caller has been notified. Needs no lock.
   *
   * @return whether it may have been the last one; if so, {@link #becomesIdle} has to be called
   */
  boolean notified() {
    return notified.incrementAndGet() == added;
  }

  /** Whether no job is pending, for the first time since a job was added. */
  boolean becomesIdle() {
    if (isIdle || notified.get() != added) {
      return false;
    }
    isIdle = true;
    return true;
  }

  /** Takes the drains that wait, which are to be completed without the lock. */
  List<CompletableFuture<@Nullable Void>> takeDrains() {
    List<CompletableFuture<@Nullable Void>> waiting = List.copyOf(drains);
    drains.clear();
    return waiting;
  }

  /** Lets a drain wait. Returns false if no job is pending. */
  boolean await(CompletableFuture<@Nullable Void> drain) {
    return !isIdle && drains.add(drain);
  }
}
