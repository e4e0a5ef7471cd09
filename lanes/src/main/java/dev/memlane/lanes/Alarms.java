package dev.memlane.lanes;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Has things done later, or at once, each on a thread of its own. Safe for use by several threads.
 *
 * <p>
 * These are the system's threads, as long as there are not too many of them: no virtual one begins while tasks that compute have
 * all processors, and it is such tasks that time-outs are for.
 */
final class Alarms implements AutoCloseable {

  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 4);
  private static final int MOST_THREADS = 32;
  private static final long IDLE_SECONDS = 10;

  private final ScheduledExecutorService scheduler;
  private final boolean ownsScheduler;
  private final ThreadPoolExecutor threads;

  /**
   * @param scheduler stays the caller's to shut down; null for one of its own
   * @param others make the threads of what is beyond those of the system, and of what comes after the end
   */
  Alarms(@Nullable ScheduledExecutorService scheduler, ThreadFactory others) {
    this.ownsScheduler = scheduler == null;
    this.scheduler = scheduler == null ? newScheduler() : scheduler;
    this.threads = new ThreadPoolExecutor(0, MOST_THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(),
        Thread.ofPlatform().daemon().name("memlane-lanes-end-", 0).inheritInheritableThreadLocals(false).factory(),
        (action, pool) -> others.newThread(action).start());
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
      return scheduler.schedule(() -> atOnce(action), nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Its owner has shut it down; what runs may end, and what waits still gets its turn.
      return null;
    }
  }

  /** Doesn't wait for it. */
  void atOnce(Runnable action) {
    threads.execute(action);
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
    threads.shutdown();
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
