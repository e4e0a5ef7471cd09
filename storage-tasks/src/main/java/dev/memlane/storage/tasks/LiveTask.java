package dev.memlane.storage.tasks;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.lanes.Job;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A task that this process has, from its submission until its end is written down. It is the payload of its job, so the
 * executor's claims and dead letters lead back to it. Safe for use by several threads.
 */
final class LiveTask {

  /** A claim by a worker outside: its id here, and the executor's. */
  record Held(String id, String executor, int attempt) {}

  private final TaskRow row;
  /** Completed with the task as it ended, once that is written down; fails if it can't be. */
  private final CompletableFuture<LaneTask> end = new CompletableFuture<>();

  @GuardedBy("this")
  private @Nullable Job<String> job;

  /** The number of the last attempt that was written down. */
  @GuardedBy("this")
  private int attempt;

  /** The number of the last attempt in this process that was to be written down. */
  @GuardedBy("this")
  private int numbered;

  @GuardedBy("this")
  private boolean running;

  @GuardedBy("this")
  private @Nullable Instant startedAt;

  @GuardedBy("this")
  private @Nullable Held held;

  /** The failures of earlier processes, or what was reported of those of this process. */
  @GuardedBy("this")
  private final List<String> failures;

  LiveTask(TaskRow row) {
    this.row = row;
    this.attempt = row.task().attempt();
    this.numbered = attempt;
    this.startedAt = row.task().startedAt();
    this.failures = new ArrayList<>(row.task().failures());
  }

  TaskRow row() {
    return row;
  }

  UUID id() {
    return row.task().id();
  }

  String lane() {
    return row.task().lane();
  }

  String name() {
    return row.task().name();
  }

  boolean isDurable() {
    return row.task().durable();
  }

  String payload() {
    return String.valueOf(row.payload());
  }

  CompletableFuture<LaneTask> end() {
    return end;
  }

  /** Failures of the processes before this one. */
  List<String> earlierFailures() {
    return row.task().failures();
  }

  synchronized void submitted(Job<String> asJob) {
    job = asJob;
  }

  synchronized @Nullable Job<String> job() {
    return job;
  }

  /** Numbers an attempt that begins in this process. */
  synchronized int nextAttempt() {
    numbered++;
    return numbered;
  }

  /** Notes an attempt that was written down; one that a later attempt has overtaken is not noted. */
  synchronized void begin(int number, @Nullable Held by, Instant at) {
    if (number > attempt) {
      attempt = number;
      running = true;
      held = by;
      startedAt = at;
    }
  }

  /** Notes that a worker goes on with the last attempt, which began before this process. */
  synchronized void resume(Held by) {
    running = true;
    held = by;
  }

  /** When the last attempt began; null if none has. */
  synchronized @Nullable Instant startedAt() {
    return startedAt;
  }

  /** Notes that an attempt is over and another follows. */
  synchronized void await(int number, @Nullable String failure) {
    if (failure != null) {
      failures.add(failure);
    }
    if (number == attempt) {
      running = false;
    }
  }

  /** The claim with this id, if it is the last one. */
  synchronized @Nullable Held held(String claim) {
    return held != null && held.id.equals(claim) ? held : null;
  }

  /** The task as it is now, whose end is not written down. */
  synchronized LaneTask now() {
    return as(running ? TaskState.RUNNING : TaskState.WAITING, null, failures, null);
  }

  /** The task as it has ended. */
  synchronized LaneTask ended(TaskState state, @Nullable String result, List<String> why, Instant at) {
    return as(state, result, why, at);
  }

  @GuardedBy("this")
  private LaneTask as(TaskState state, @Nullable String result, List<String> why, @Nullable Instant at) {
    LaneTask task = row.task();
    return new LaneTask(task.id(), task.lane(), task.name(), task.durable(), task.idempotent(), state, attempt,
        task.submittedAt(), task.deadline(), startedAt, at, result, why);
  }

  /** What listeners of the executor see as the payload. */
  @Override
  public String toString() {
    return "task " + id();
  }
}
