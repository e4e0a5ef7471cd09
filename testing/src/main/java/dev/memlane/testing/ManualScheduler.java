package dev.memlane.testing;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A scheduler whose time passes only by {@link #pass}, which also runs its tasks, in the calling thread. Safe for use
 * by several threads.
 */
public final class ManualScheduler extends AbstractExecutorService implements ScheduledExecutorService {

  @GuardedBy("this")
  private final PriorityQueue<Task<?>> tasks = new PriorityQueue<>(Comparator.comparingLong(task -> task.due));
  @GuardedBy("this")
  private long now;
  private volatile boolean shutdown;

  /** Lets time pass, and runs each task that becomes due at its time. */
  public void pass(Duration time) {
    long until = nanoTime() + time.toNanos();
    for (Task<?> due = due(until); due != null; due = due(until)) {
      due.run();
    }
  }

  /**
   * Removes the next task that is due until then, and sets the time to its time; without a task, sets the time to then.
   */
  private synchronized @Nullable Task<?> due(long until) {
    Task<?> first = tasks.peek();
    boolean none = first == null || first.due > until;
    now = none ? until : Math.max(now, first.due);
    return none ? null : tasks.poll();
  }

  /** The present time: the nanoseconds that have passed. */
  public synchronized long nanoTime() {
    return now;
  }

  /** The number of tasks that have not run. */
  public synchronized int pending() {
    tasks.removeIf(FutureTask::isCancelled);
    return tasks.size();
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return schedule(() -> {
      command.run();
      return this;
    }, delay, unit);
  }

  @Override
  public synchronized <V extends @Nullable Object> ScheduledFuture<V> schedule(Callable<V> callable, long delay,
      TimeUnit unit) {
    if (shutdown) {
      throw new RejectedExecutionException("shut down");
    }
    Task<V> task = new Task<>(callable, now + unit.toNanos(delay));
    tasks.add(task);
    return task;
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(Runnable command, long initialDelay, long period, TimeUnit unit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(Runnable command, long initialDelay, long delay, TimeUnit unit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void execute(Runnable command) {
    command.run();
  }

  @Override
  public void shutdown() {
    shutdown = true;
  }

  @Override
  public List<Runnable> shutdownNow() {
    shutdown = true;
    return new ArrayList<>();
  }

  @Override
  public boolean isShutdown() {
    return shutdown;
  }

  @Override
  public boolean isTerminated() {
    return shutdown;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return shutdown;
  }

  private final class Task<V extends @Nullable Object> extends FutureTask<V> implements ScheduledFuture<V> {
    final long due;

    Task(Callable<V> callable, long due) {
      super(callable);
      this.due = due;
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(due - nanoTime(), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }
  }
}
