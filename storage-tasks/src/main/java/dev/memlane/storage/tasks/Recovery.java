package dev.memlane.storage.tasks;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Goes on with the tasks that former processes of the runner have left. Used once, by one thread. */
final class Recovery {

  private static final System.Logger LOGGER = System.getLogger(Recovery.class.getName());

  private final LaneTasks tasks;
  private final TaskJobs jobs;
  private final TaskStore store;
  private final InstantSource clock;
  /** Claims are judged as of one moment, so that each task is met by exactly one of the two passes. */
  private final Instant now;

  private int held;
  private int waiting;
  private int again;
  private int dead;
  private int unknown;

  Recovery(LaneTasks tasks, TaskJobs jobs, TaskStore store, InstantSource clock) {
    this.tasks = tasks;
    this.jobs = jobs;
    this.store = store;
    this.clock = clock;
    this.now = clock.instant();
  }

  void run() {
    resumeClaims();
    adoptOthers();
    if (held + waiting + again + dead > 0) {
      LOGGER.log(System.Logger.Level.INFO,
          "lanes go on: workers have {0} tasks, {1} wait, {2} run again, {3} are dead letters", held, waiting, again,
          dead);
    }
    if (unknown > 0) {
      LOGGER.log(System.Logger.Level.WARNING, "{0} tasks belong to lanes that are not there, or not durable, any more; "
          + "they stay in the database until the lanes are there again", unknown);
    }
    List<String> others = store.others();
    if (!others.isEmpty()) {
      LOGGER.log(System.Logger.Level.INFO, "the database has tasks of other runners: {0}", others);
    }
  }

  /** Lets workers go on with what they have. First, so that what has begun holds its permit before anything else begins. */
  private void resumeClaims() {
    List<TaskStore.Numbered> page = store.held(now, 0);
    while (!page.isEmpty()) {
      for (TaskStore.Numbered one : page) {
        DurableLane lane = tasks.laneOf(one.row().task());
        Duration lease = lane == null ? null : leaseLeft(one.row(), lane);
        if (lane != null && lease != null) {
          lane.readmit();
          jobs.resume(one.row(), ran(one.row()), lease);
          held++;
        }
      }
      page = store.held(now, page.getLast().number());
    }
  }

  private void adoptOthers() {
    List<TaskStore.Numbered> page = store.open(0);
    while (!page.isEmpty()) {
      page.forEach(one -> adopt(one.row()));
      page = store.open(page.getLast().number());
    }
  }

  private void adopt(TaskRow row) {
    LaneTask task = row.task();
    DurableLane lane = tasks.laneOf(task);
    if (lane == null) {
      unknown++;
      return;
    }
    if (leaseLeft(row, lane) != null) {
      return;
    }
    String reason = hopeless(row, lane);
    if (reason != null) {
      List<String> failures = Stream.concat(task.failures().stream(), Stream.of(reason)).toList();
      store.end(task.id(), TaskState.FAILED, null, failures, TaskStore.now(clock));
      dead++;
      return;
    }
    if (task.state() == TaskState.RUNNING) {
      again++;
    } else {
      waiting++;
    }
    lane.readmit();
    jobs.adopt(row);
  }

  /** How long the worker that has a task may go on with it; null if none has it, or not any more. */
  private @Nullable Duration leaseLeft(TaskRow row, DurableLane lane) {
    Instant until = row.leaseUntil();
    if (until == null || !row.isHeld(now) || isPast(row.task().deadline())) {
      return null;
    }
    Duration lease = Duration.between(now, until);
    Duration allowed = lane.settings().timeout().minus(ran(row));
    Duration left = lease.compareTo(allowed) < 0 ? lease : allowed;
    return left.isPositive() ? left : null;
  }

  /** How long an attempt has run already; nothing if the clock went back. */
  private Duration ran(TaskRow row) {
    Instant startedAt = row.task().startedAt();
    return startedAt == null || startedAt.isAfter(now) ? Duration.ZERO : Duration.between(startedAt, now);
  }

  private boolean isPast(@Nullable Instant deadline) {
    return deadline != null && !deadline.isAfter(now);
  }

  /** Why a task that a former process left can't be attempted again; null if it can. */
  private @Nullable String hopeless(TaskRow row, DurableLane lane) {
    LaneTask task = row.task();
    boolean ran = task.state() == TaskState.RUNNING;
    String how = row.leaseUntil() == null
        ? "the process ended while it ran"
        : "the worker's lease ended while the process was gone";
    if (ran && !task.idempotent()) {
      return how + ", and it is unknown what it has done";
    }
    if (task.attempt() >= lane.settings().attempts()) {
      return ran ? how + ", and it has no attempts left" : "it has no attempts left";
    }
    return isPast(task.deadline()) ? "its deadline passed while no process ran it" : null;
  }
}
