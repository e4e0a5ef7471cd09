package dev.memlane.lanes;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Actions that are run later, on the scheduler's thread. An action has to be short, and calls nothing foreign. Safe
 * for use by several threads.
 */
final class Alarms implements AutoCloseable {

  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 4);

  private final ScheduledExecutorService scheduler;
  private final boolean ownsScheduler;

  /** @param scheduler is shut down by the caller; null for one of its own */
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

  /** Sets an alarm. Returns null if the scheduler accepts nothing more: then there are no time-outs and no retries. */
  @Nullable
  ScheduledFuture<?> after(long nanos, Runnable action) {
    try {
      return scheduler.schedule(() -> ring(action), nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Its owner has shut it down. Running tasks may end, and waiting ones still begin.
      return null;
    }
  }

  private static void ring(Runnable action) {
    try {
      action.run();
    } catch (Throwable e) {
      // The scheduler would keep the failure to itself.
      Uncaught.report(e);
    }
  }

  static void cancel(@Nullable ScheduledFuture<?> alarm) {
    if (alarm != null) {
      alarm.cancel(false);
    }
  }

  /** A duration in nanoseconds; about 73 years if it is longer. */
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
   * One alarm for many jobs, at the earliest time that any of them needs. A job that no longer needs it cancels
   * nothing: the action checks what is due. Guarded by the executor's lock.
   */
  static final class Earliest {

    /** An alarm that is this late will never ring: its scheduler has lost it. */
    private static final long LOST = 1_000_000_000L;

    private final Alarms alarms;
    private final Runnable action;
    private @Nullable ScheduledFuture<?> alarm;
    private long setTo = Long.MAX_VALUE;

    /** @param action calls {@link #clear} under the lock */
    Earliest(Alarms alarms, Runnable action) {
      this.alarms = alarms;
      this.action = action;
    }

    /**
     * Sets the alarm to a time, unless it is set to an earlier one.
     *
     * @param at in nanoseconds; {@link Long#MAX_VALUE} for never
     */
    void setBy(long at, long now) {
      boolean lost = setTo < now - LOST;
      if (at < setTo || lost) {
        cancel(alarm);
        setTo = at;
        alarm = alarms.after(at - now, action);
      }
    }

    /** Cancels the alarm. Called when it has rung, too. */
    void clear() {
      cancel(alarm);
      alarm = null;
      setTo = Long.MAX_VALUE;
    }
  }
}
