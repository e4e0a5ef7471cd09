package dev.memlane.storage.tasks;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.lanes.DeadLetter;
import dev.memlane.lanes.Job;
import dev.memlane.lanes.LaneExecutor;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The dead letters of a runner: rows of tasks that have failed for good, to be looked at, replayed or dropped. Safe for use by
 * several threads.
 */
final class DeadTasks {

  /** As many as the executor keeps. */
  private static final int MOST_CODE_LETTERS = 1_000;

  private final LaneExecutor executor;
  private final LaneTasks tasks;
  private final TaskJobs jobs;
  private final TaskStore store;
  private final TaskWriter writer;
  private final InstantSource clock;

  /** The executor's dead letters of tasks that were code, by the ids of their rows. */
  @GuardedBy("codeLetters")
  private final Map<UUID, String> codeLetters = new LinkedHashMap<>();

  DeadTasks(LaneExecutor executor, LaneTasks tasks, TaskJobs jobs, TaskStore store, TaskWriter writer,
      InstantSource clock) {
    this.executor = executor;
    this.tasks = tasks;
    this.jobs = jobs;
    this.store = store;
    this.writer = writer;
    this.clock = clock;
  }

  /** Writes a dead letter down whose task was code, so that it is seen after the process has ended. */
  void add(DeadLetter letter, List<String> failures) {
    UUID id = UUID.randomUUID();
    synchronized (codeLetters) {
      codeLetters.put(id, letter.id());
      if (codeLetters.size() > MOST_CODE_LETTERS) {
        codeLetters.remove(codeLetters.keySet().iterator().next());
      }
    }
    Instant at = TaskStore.precise(letter.at());
    LaneTask task = new LaneTask(id, letter.lane(), JsonText.fit(letter.task().name(), NewTask.LONGEST_NAME), false,
        letter.task().idempotent(), TaskState.FAILED, failures.size(), at, null, null, at, null,
        TaskFailures.kept(failures));
    writer.inBackground(
        () -> writer.persist(() -> store.add(TaskRow.unclaimed(task, store.runner(), null, null, null))),
        task::toString);
  }

  /** The last ones, the last first. */
  List<DeadTask> list(int limit) {
    return store.dead(limit).stream().map(row -> {
      LaneTask task = row.task();
      return new DeadTask(task.id(), task.lane(), task.name(), task.failures(),
          Objects.requireNonNull(task.endedAt(), "a dead letter has ended"),
          isReplayable(task));
    }).toList();
  }

  private boolean isReplayable(LaneTask task) {
    return tasks.laneOf(task) != null
        && (task.durable() || tasks.ended().find(task.id()) != null || codeLetter(task.id()) != null);
  }

  private @Nullable String codeLetter(UUID id) {
    synchronized (codeLetters) {
      return codeLetters.get(id);
    }
  }

  /** Lets the task of a dead letter wait again, with all its attempts, and with as much time as it had at first. */
  Replay replay(UUID id) {
    TaskRow row = store.find(id).filter(found -> found.task().state() == TaskState.FAILED
        && found.runner().equals(store.runner())).orElse(null);
    if (row == null) {
      return new Replay.Unknown();
    }
    DurableLane lane = tasks.laneOf(row.task());
    if (lane == null) {
      return new Replay.Refused("the lane " + row.task().lane() + " is not there, or not durable, any more");
    }
    String letter = codeLetter(id);
    if (letter != null) {
      return replayCode(id, letter);
    }
    if (row.task().durable()) {
      return replay(row, lane);
    }
    EndedTasks.Ended inMemory = tasks.ended().find(id);
    return inMemory == null ? new Replay.NotReplayable() : replay(inMemory.live().row(), lane);
  }

  private Replay replay(TaskRow row, DurableLane lane) {
    LaneTask dead = row.task();
    if (!lane.admit()) {
      return full(lane);
    }
    boolean accepted = false;
    try {
      Instant at = TaskStore.now(clock);
      if (dead.durable()
          ? !writer.write(() -> store.revive(dead.id(), at))
          : !writer.write(() -> store.drop(dead.id()))) {
        return new Replay.Unknown();
      }
      Long within = row.withinMillis();
      LaneTask waiting = new LaneTask(dead.id(), dead.lane(), dead.name(), dead.durable(), dead.idempotent(),
          TaskState.WAITING, 0, at, within == null ? null : TaskStore.deadline(at, Duration.ofMillis(within)), null,
          null, null, List.of());
      TaskRow revived = TaskRow.unclaimed(waiting, row.runner(), row.key(), row.payload(), within);
      accepted = jobs.adopt(revived) != null;
      if (!accepted) {
        if (dead.durable()) {
          store.end(dead.id(), TaskState.FAILED, null, dead.failures(), TaskStore.now(clock));
        } else {
          store.add(TaskRow.unclaimed(dead, row.runner(), null, null, null));
        }
        return full(lane);
      }
      tasks.ended().remove(dead.id());
      return new Replay.Replayed(dead.id());
    } finally {
      if (!accepted) {
        lane.leave();
      }
    }
  }

  private Replay replayCode(UUID id, String letter) {
    Optional<Job<?>> job = executor.replay(letter);
    if (job.isEmpty()) {
      return new Replay.NotReplayable();
    }
    if (TaskJobs.isRefused(job.get())) {
      return new Replay.Refused("the lane " + job.get().lane() + " is full; try again later");
    }
    forget(id);
    writer.write(() -> store.drop(id));
    return new Replay.Replayed(id);
  }

  private static Replay full(DurableLane lane) {
    return new Replay.Refused("the lane " + lane.settings().name() + " is full; try again later");
  }

  /** Destroys a dead letter; returns false if there is none with this id. */
  boolean drop(UUID id) {
    boolean dropped = writer.write(() -> store.drop(id));
    if (dropped) {
      tasks.ended().remove(id);
      String letter = codeLetter(id);
      if (letter != null) {
        forget(id);
        executor.drop(letter);
      }
    }
    return dropped;
  }

  private void forget(UUID id) {
    synchronized (codeLetters) {
      codeLetters.remove(id);
    }
  }
}
