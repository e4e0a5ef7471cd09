package dev.memlane.embedding;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The embedder's threads: one keeps the time, and an executor runs the tasks. A task that calls an embedder or
 * completes futures never runs on the thread that keeps the time. Safe for use by several threads.
 */
final class TaskScheduler implements AutoCloseable {

  /** Longer delays mean forever, and don't fit into nanoseconds. */
  private static final Duration LONGEST_DELAY = Duration.ofDays(365);

  private final Executor executor;
  private final ScheduledExecutorService timer;
  private final boolean ownsTimer;

  /**
   * @param executor runs the tasks; null for a virtual thread per task
   * @param timer keeps the time, and stays the caller's to shut down; null for a daemon thread
   */
  TaskScheduler(@Nullable Executor executor, @Nullable ScheduledExecutorService timer) {
    this.executor = executor == null ? virtualThreads() : executor;
    this.ownsTimer = timer == null;
    this.timer = timer == null ? daemonTimer() : timer;
  }

  private static Executor virtualThreads() {
    ThreadFactory threads = Thread.ofVirtual().name("memlane-embedding-", 0).factory();
    return task -> threads.newThread(task).start();
  }

  private static ScheduledExecutorService daemonTimer() {
    ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1,
        Thread.ofPlatform().daemon().name("memlane-embedding-deadlines").factory());
    timer.setRemoveOnCancelPolicy(true);
    return timer;
  }

  ScheduledExecutorService timer() {
    return timer;
  }

  /** Runs a task on the executor; in the calling thread if the executor rejects it, so that no caller waits in vain. */
  void run(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      task.run();
    }
  }

  /** Runs tasks one after the other on the executor. */
  void runAll(List<Runnable> tasks) {
    if (!tasks.isEmpty()) {
      run(() -> tasks.forEach(Runnable::run));
    }
  }

  /**
   * Runs a task on the executor after a delay.
   *
   * @throws RejectedExecutionException if the timer has been shut down
   */
  ScheduledFuture<?> schedule(Duration delay, Runnable task) {
    Duration bounded = delay.compareTo(LONGEST_DELAY) < 0 ? delay : LONGEST_DELAY;
    return timer.schedule(() -> run(task), bounded.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Shuts the timer down, unless it is the caller's. */
  @Override
  public void close() {
    if (ownsTimer) {
      timer.shutdownNow();
    }
  }
}
