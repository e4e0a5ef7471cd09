package dev.memlane.storage.tasks;

import dev.memlane.lanes.ExternalTasks;
import dev.memlane.lanes.Job;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The claims of workers outside this process. The database records a claim and its lease before the worker gets the answer.
 * A worker's report is acknowledged after the database has recorded the end. So a claim outlives the process that gave it.
 * Safe for use by several threads.
 */
final class WorkerClaims {

  /** Separates the task's id from the rest of a claim's. */
  private static final char SEPARATOR = '.';

  /** A lease in the database ends after this time at the latest; so it is a time that the database can keep. */
  private static final Duration LONGEST_LEASE = Duration.ofDays(3_650);

  private final ExternalTasks external;
  private final LaneTasks tasks;
  private final TaskStore store;
  private final TaskWriter writer;
  private final InstantSource clock;
  private final ClaimWaiters waiters = new ClaimWaiters();
  private final SecureRandom random = new SecureRandom();

  WorkerClaims(ExternalTasks external, LaneTasks tasks, TaskStore store, TaskWriter writer, InstantSource clock) {
    this.external = external;
    this.tasks = tasks;
    this.store = store;
    this.writer = writer;
    this.clock = clock;
  }

  /** Wakes a worker that waits for a task of a lane. */
  void call(String lane) {
    waiters.call(lane);
  }

  /** Ends the waits that there are now. */
  void endWaits() {
    waiters.dismiss();
  }

  /** Ends all waits; from now on, a claim finds a task at once or none. */
  void close() {
    waiters.close();
  }

  /**
   * Claims the next task of a lane for a worker outside this process, and waits for one if there is none.
   *
   * @param lease the time until the task is taken back, unless it is renewed; at most what the lane allows an attempt
   * @param wait how long to wait at most
   * @param isThere whether the worker is still there; asked each time before a task is claimed
   * @return empty if there was none in time, or the worker is gone
   * @throws InvalidInputException if there is no such lane, or the lease is not positive
   */
  Optional<TaskClaim> claim(String lane, Duration lease, Duration wait, BooleanSupplier isThere)
      throws InterruptedException {
    tasks.lane(lane);
    requirePositive(lease);
    long end = System.nanoTime() + wait.toNanos();
    try (ClaimWaiters.Place place = waiters.place(lane)) {
      do {
        if (!isThere.getAsBoolean()) {
          // It may have been called.
          waiters.call(lane);
          return Optional.empty();
        }
        Optional<TaskClaim> claim = claimNow(lane, lease);
        if (claim.isPresent()) {
          // The executor calls once for several permits.
          waiters.call(lane);
          return claim;
        }
      } while (place.await(Duration.ofNanos(end - System.nanoTime())));
    }
    return Optional.empty();
  }

  private Optional<TaskClaim> claimNow(String lane, Duration lease) {
    while (true) {
      Optional<ExternalTasks.Claim> given = external.next(lane, lease);
      if (given.isEmpty()) {
        return Optional.empty();
      }
      ExternalTasks.Claim claim = given.get();
      if (!(claim.payload() instanceof LiveTask task)) {
        external.fail(claim.id(),
            new IllegalStateException("tasks for workers outside are submitted to DurableLanes, not to its executor"));
        continue;
      }
      LiveTask.Held held = new LiveTask.Held(task.id().toString() + SEPARATOR + Long.toHexString(random.nextLong()),
          claim.id(), claim.attempt());
      Instant at = TaskStore.now(clock);
      if (begun(task, held, claim.lease(), at)) {
        task.begin(held.attempt(), held, at);
        return Optional.of(new TaskClaim(held.id(), task.id(), lane, task.name(), held.attempt(), task.payload(),
            claim.lease()));
      }
      // It has ended meanwhile, so the executor has taken its permit back.
    }
  }

  /** Writes down that a worker begins; if that fails, the task waits again as if nobody had claimed it. */
  private boolean begun(LiveTask task, LiveTask.Held held, Duration lease, Instant at) {
    if (!task.isDurable()) {
      return true;
    }
    try {
      return writer.write(() -> store.start(task.id(), held.attempt(), held.id(), end(at, lease), at));
    } catch (RuntimeException | Error e) {
      external.release(held.executor());
      throw e;
    }
  }

  /**
   * Gives back a claim that the worker certainly never got. Its task waits again, and the attempt doesn't count.
   *
   * @return false if the claim was over before
   */
  boolean release(String claim) {
    LiveTask task = liveTask(claim);
    LiveTask.Held held = task == null ? null : task.held(claim);
    if (task == null || held == null) {
      return false;
    }
    if (task.isDurable()) {
      // First: once it is released, another worker may claim it, and no attempt of that one may be taken back.
      writer.write(() -> store.takeBack(task.id(), held.attempt()));
    }
    task.await(held.attempt(), null);
    return external.release(held.executor());
  }

  /**
   * Sets a claim's lease to expire this long from now, within what the lane allows an attempt.
   *
   * @return false if the claim is over: the worker should stop
   * @throws InvalidInputException if the lease is not positive
   * @throws StoreException if it is not written down; renew it again
   */
  boolean renew(String claim, Duration lease) {
    requirePositive(lease);
    LiveTask task = liveTask(claim);
    LiveTask.Held held = task == null ? null : task.held(claim);
    if (task == null || held == null || !external.renew(held.executor(), lease)) {
      return false;
    }
    if (!task.isDurable()) {
      return true;
    }
    Instant at = TaskStore.now(clock);
    Instant startedAt = task.startedAt();
    Duration allowed = tasks.lane(task.lane()).settings().timeout();
    Duration left = startedAt == null ? allowed : allowed.minus(Duration.between(startedAt, at));
    Instant end = end(at, lease.compareTo(left) < 0 ? lease : left);
    return writer.write(() -> store.renew(task.id(), held.attempt(), held.id(), end));
  }

  private static Instant end(Instant at, Duration lease) {
    return TaskStore.precise(at.plus(lease.compareTo(LONGEST_LEASE) < 0 ? lease : LONGEST_LEASE));
  }

  /**
   * Reports the result of a claimed task. A report that was written down may be repeated.
   *
   * @param result JSON of at most {@value NewTask#LONGEST_PAYLOAD} characters
   * @throws InvalidInputException if the result is none that can be kept; the claim goes on
   * @throws StoreException if it is not written down yet; report it again
   */
  Report complete(String claim, String result) throws InterruptedException {
    JsonText.require("the result", result);
    LiveTask task = liveTask(claim);
    if (task == null) {
      return reportedBefore(claim);
    }
    LiveTask.Held held = task.held(claim);
    if (held == null) {
      return new Report.ClaimOver();
    }
    boolean first = external.complete(held.executor(), result);
    Job<String> job = task.job();
    if (!first && (job == null || !job.future().isDone())) {
      return new Report.ClaimOver();
    }
    LaneTask end = TaskEnds.await(task);
    return first || end.state() == TaskState.DONE ? new Report.Recorded(end) : new Report.ClaimOver();
  }

  /** Whether the claim's result was written down before, and only its acknowledgment was lost. */
  private Report reportedBefore(String claim) {
    UUID id = taskOf(claim);
    EndedTasks.Ended inMemory = id == null ? null : tasks.ended().find(id);
    if (inMemory != null) {
      return inMemory.task().state() == TaskState.DONE && inMemory.live().held(claim) != null
          ? new Report.Recorded(inMemory.task())
          : new Report.ClaimOver();
    }
    Optional<TaskRow> row = id == null ? Optional.empty() : store.find(id);
    return row.filter(one -> one.task().state() == TaskState.DONE && claim.equals(one.claim()))
        .<Report>map(one -> new Report.Recorded(one.task())).orElseGet(Report.ClaimOver::new);
  }

  /**
   * Reports that a claimed task has failed. It is attempted again if it is idempotent and has attempts left; otherwise it
   * becomes a dead letter.
   *
   * @param failure why, for people
   * @throws StoreException if it is not written down
   */
  Report fail(String claim, String failure) throws InterruptedException {
    String why = JsonText.fit(failure, TaskFailures.LONGEST);
    LiveTask task = liveTask(claim);
    LiveTask.Held held = task == null ? null : task.held(claim);
    if (task == null || held == null || !external.fail(held.executor(), new TaskFailures.WorkerException(why))) {
      return new Report.ClaimOver();
    }
    Job<String> job = task.job();
    if (job != null && job.future().isDone()) {
      return new Report.Recorded(TaskEnds.await(task));
    }
    task.await(held.attempt(), why);
    if (task.isDurable()) {
      writer.write(() -> store.retry(task.id(), held.attempt(), why));
    }
    return new Report.Recorded(task.now());
  }

  private @Nullable LiveTask liveTask(String claim) {
    UUID id = taskOf(claim);
    return id == null ? null : tasks.live(id);
  }

  private static @Nullable UUID taskOf(String claim) {
    int end = claim.indexOf(SEPARATOR);
    try {
      return end < 0 ? null : UUID.fromString(claim.substring(0, end));
    } catch (IllegalArgumentException e) {
      // It is no claim of ours.
      return null;
    }
  }

  private static void requirePositive(Duration lease) {
    if (!lease.isPositive()) {
      throw new InvalidInputException("the lease is " + lease + "; it must be positive");
    }
  }
}
