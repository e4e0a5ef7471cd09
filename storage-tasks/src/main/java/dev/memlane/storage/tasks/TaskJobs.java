package dev.memlane.storage.tasks;

import dev.memlane.lanes.Job;
import dev.memlane.lanes.LaneException;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.Task;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Hands tasks that were written down to the executor, as jobs. Safe for use by several threads. */
final class TaskJobs {

  private final LaneExecutor executor;
  private final LaneTasks tasks;
  private final HandlerAttempts attempts;
  private final TaskEnds ends;
  private final InstantSource clock;

  TaskJobs(LaneExecutor executor, LaneTasks tasks, HandlerAttempts attempts, TaskEnds ends, InstantSource clock) {
    this.executor = executor;
    this.tasks = tasks;
    this.attempts = attempts;
    this.ends = ends;
    this.clock = clock;
  }

  /** Hands a task over; returns null if there is no room, or the executor has it already. */
  @Nullable
  LiveTask adopt(TaskRow row) {
    LiveTask task = new LiveTask(row);
    TaskHandler handler = attempts.handler(task);
    Task<String> made = handler == null
        ? Task.external(String.class, task)
        : Task.<String>of(() -> attempts.run(task, handler)).payload(task);
    return submit(task, made, row.task().attempt()) == null ? null : task;
  }

  /**
   * Hands a task over that a worker outside has, whatever handlers there are. Called before anybody can claim tasks, so
   * none gets it in between.
   *
   * @param ran how long the worker's attempt has run already
   * @param lease how long its lease goes on; positive, and within what the lane allows the attempt
   */
  void resume(TaskRow row, Duration ran, Duration lease) {
    LiveTask task = new LiveTask(row);
    String claim = Objects.requireNonNull(row.claim(), "no worker has it");
    int attempt = row.task().attempt();
    Job<String> job = submit(task, Task.external(String.class, task), attempt - 1);
    if (job == null) {
      throw new IllegalStateException(task + " is there already, or found no room");
    }
    executor.externalTasks().resume(job.id(), ran, lease)
        .ifPresentOrElse(held -> task.resume(new LiveTask.Held(claim, held.id(), attempt)), () -> {
          // Its deadline may just have passed; but if it waits, another worker could claim it.
          if (!job.future().isDone()) {
            throw new IllegalStateException(task + " can't go on");
          }
        });
  }

  private @Nullable Job<String> submit(LiveTask task, Task<String> made, int attempts) {
    if (!tasks.add(task)) {
      return null;
    }
    Job<String> job = executor.resubmit(task.lane(), described(task, made), attempts);
    task.submitted(job);
    if (isRefused(job)) {
      tasks.remove(task);
      return null;
    }
    var unused = job.future().whenComplete((result, failure) -> ends.jobEnded(task, result, failure));
    return job;
  }

  /** Whether the executor has not accepted a job. */
  static boolean isRefused(Job<?> job) {
    return job.future().state() == Future.State.FAILED
        && (job.future().exceptionNow() instanceof LaneException.Full
            || job.future().exceptionNow() instanceof LaneException.ShutDown);
  }

  private Task<String> described(LiveTask task, Task<String> made) {
    Instant deadline = task.row().task().deadline();
    Task<String> named = made.named(task.name()).idempotent(task.row().task().idempotent());
    if (deadline == null) {
      return named;
    }
    Duration left = Duration.between(clock.instant(), deadline);
    return named.within(left.isPositive() ? left : Duration.ofNanos(1));
  }
}
