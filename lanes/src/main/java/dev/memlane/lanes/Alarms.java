package dev.memlane.lanes;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Has things done later, on the scheduler's thread: they are to be short, and call nothing foreign. Safe for use by several
 * threads.
 */
final class Alarms implements AutoCloseable {

  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 4);

  private final ScheduledExecutorService scheduler;
  private final boolean ownsScheduler;

  /** @param scheduler stays the caller's to shut down; null for one of its own */
  Alarms(@Nullable ScheduledExecutorService scheduler) {
    this.ownsScheduler = scheduler == null;
    this.scheduler = scheduler == null ? newScheduler() : scheduler;
  }

  private static ScheduledExecutorService newScheduler() {
    ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(1,
        Thread.ofPlatform().daemon().name("memlane-lanes-alarms").factory());
    scheduler.setRemoveOnCancelPolicy(true);
    return scheduler;
  }

  /** Returns null if the scheduler takes nothing any more: then there are no time-outs, and no further attempts. */
  @Nullable
  ScheduledFuture<?> after(long nanos, Runnable action) {
    try {
      return scheduler.schedule(() -> ring(action), nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Its owner has shut it down; what runs may end, and what waits still gets its turn.
      return null;
    }
  }

  private static void ring(Runnable action) {
    try {
      action.run();
    } catch (Throwable e) {
      // Nobody asks how it ended.
      Uncaught.report(e);
    }
  }

  static void cancel(@Nullable ScheduledFuture<?> alarm) {
    if (alarm != null) {
      alarm.cancel(false);
    }
  }

  /** For ever, if it doesn't fit. */
  static long nanos(Duration duration) {
    return duration.compareTo(LONGEST) < 0 ? duration.toNanos() : LONGEST.toNanos();
  }

  @Override
  public void close() {
    if (ownsScheduler) {
      scheduler.shutdownNow();
    }
  }

  /**
   * One alarm for many, at the earliest time that any has asked for: who no longer needs it calls nothing off, and it looks
   * when it rings. Guarded by the executor's lock.
   */
  static final class Earliest {

    /** An alarm that hasn't rung so long after its time never will: its scheduler has lost it. */
    private static final long LOST = 1_000_000_000L;

    private final Alarms alarms;
    private final Runnable action;
    private @Nullable ScheduledFuture<?> alarm;
    private long setTo = Long.MAX_VALUE;

    /** @param action is to call {@link #rang} under the lock */
    Earliest(Alarms alarms, Runnable action) {
      this.alarms = alarms;
      this.action = action;
    }

    /** @param at {@link Long#MAX_VALUE} for never */
    void at(long at, long now) {
      boolean lost = setTo < now - LOST;
      if (at < setTo || lost) {
        cancel(alarm);
        setTo = at;
        alarm = alarms.after(at - now, action);
      }
    }

    void rang() {
      cancel(alarm);
      alarm = null;
      setTo = Long.MAX_VALUE;
    }
  }
}
