package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Counts the jobs that aren't done, or whose callers are still being told, and has those who wait for none to be left. Guarded by
 * the executor's lock, but for what is said of {@link #told}.
 */
final class PendingJobs {

  /** How many jobs were not refused. Who has told the last one's caller sees all of it without the lock. */
  private int taken;
  /** How many of them have ended, and their callers been told. */
  private final AtomicInteger told = new AtomicInteger();
  private boolean isIdle = true;
  private final List<CompletableFuture<@Nullable Void>> drains = new ArrayList<>();

  void taken() {
    taken++;
    isIdle = false;
  }

  /**
   * A job's caller has been told. Needs no lock.
   *
   * @return whether it may have been the last one: then {@link #becomesIdle} is to be asked
   */
  boolean told() {
    return told.incrementAndGet() == taken;
  }

  /** Whether there are none any more, for the first time since there were. */
  boolean becomesIdle() {
    if (isIdle || told.get() != taken) {
      return false;
    }
    isIdle = true;
    return true;
  }

  /** Those who have waited for it, to be told without the lock. */
  List<CompletableFuture<@Nullable Void>> takeDrains() {
    List<CompletableFuture<@Nullable Void>> waiting = List.copyOf(drains);
    drains.clear();
    return waiting;
  }

  /** Returns false if there are none, and nothing to wait for. */
  boolean await(CompletableFuture<@Nullable Void> drain) {
    return !isIdle && drains.add(drain);
  }
}
