package dev.memlane.storage.tasks;

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

  Recovery(LaneTasks tasks, TaskJobs jobs, TaskStore store, InstantSource clock) {
    this.tasks = tasks;
    this.jobs = jobs;
    this.store = store;
    this.clock = clock;
  }

  void run() {
    int waiting = 0;
    int again = 0;
    int dead = 0;
    int unknown = 0;
    List<TaskStore.Numbered> page = store.open(0);
    while (!page.isEmpty()) {
      for (TaskStore.Numbered one : page) {
        LaneTask task = one.row().task();
        DurableLane lane = tasks.laneOf(task);
        if (lane == null) {
          unknown++;
          continue;
        }
        String reason = hopeless(task, lane);
        if (reason != null) {
          List<String> failures = Stream.concat(task.failures().stream(), Stream.of(reason)).toList();
          store.end(task.id(), TaskState.FAILED, null, failures, TaskStore.now(clock));
          dead++;
          continue;
        }
        if (task.state() == TaskState.RUNNING) {
          again++;
        } else {
          waiting++;
        }
        lane.readmit();
        jobs.adopt(one.row());
      }
      page = store.open(page.getLast().number());
    }
    if (waiting + again + dead > 0) {
      LOGGER.log(System.Logger.Level.INFO, "lanes go on: {0} tasks wait, {1} run again, {2} are dead letters", waiting,
          again, dead);
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

  /** Why a task that a former process left can't be attempted again; null if it can. */
  private @Nullable String hopeless(LaneTask task, DurableLane lane) {
    Instant deadline = task.deadline();
    if (task.state() == TaskState.RUNNING && !task.idempotent()) {
      return "the process ended while it ran, and it is unknown what it has done";
    }
    if (task.attempt() >= lane.settings().attempts()) {
      return task.state() == TaskState.RUNNING
          ? "the process ended while it ran, and it has no attempts left"
          : "it has no attempts left";
    }
    return deadline != null && !deadline.isAfter(clock.instant())
        ? "its deadline passed while no process ran it"
        : null;
  }
}
