package dev.memlane.storage.tasks;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.lanes.DeadLetter;
import dev.memlane.lanes.Job;
import dev.memlane.lanes.Lane;
import dev.memlane.lanes.LaneEvent;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.LaneExecutorBuilder;
import dev.memlane.lanes.LaneStats;
import dev.memlane.lanes.Subscription;
import dev.memlane.model.InDoubtException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.Database;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lanes whose tasks have a name and a payload, and are done by handlers in this process or by workers outside. Tasks of
 * durable lanes outlive the process, and so do the dead letters of all lanes.
 *
 * <pre>{@code
 * try (DurableLanes lanes = DurableLanes.builder(database).durableLane(Lane.of("reports"))
 *     .handler("summarize", work -> summarize(work.payload())).open()) {
 *   lanes.submit("reports", NewTask.of("summarize", "{\"month\": 7}").idempotent(true).key("summary-7"));
 * }
 * }</pre>
 *
 * <p>
 * <b>What is promised</b> for a task of a durable lane:
 * <ul>
 * <li>It is acknowledged after it was committed. From then on it ends as done, as a dead letter, or cancelled.
 * <li>That an attempt begins is committed before its handler is called or its worker gets the claim. So a task that is not
 * idempotent is handed out at most once, unless somebody replays it.
 * <li>The executor decides how an attempt ends, whoever reports first. The end is committed before anybody is shown it or
 * gets an acknowledgment. If the process ends in between, it is as if the report had never arrived.
 * <li>What a process leaves, the next one of the same runner goes on with: waiting tasks wait again, in order. Those that
 * ran are attempted again if they are idempotent and have attempts left. Otherwise they are dead letters, because nobody
 * knows what they have done. Deadlines stay what they were.
 * </ul>
 *
 * <p>
 * <b>Runners.</b> One process at a time runs the tasks of a runner. If another opens it, this one can write nothing more,
 * and closes its lanes: every call then fails with a {@link TakenOverException}.
 *
 * <p>
 * Methods wait for the database, and fail with a {@link StoreException} if it can't be used. Safe for use by several
 * threads.
 */
public final class DurableLanes implements AutoCloseable {

  private static final System.Logger LOGGER = System.getLogger(DurableLanes.class.getName());
  private static final Duration CHECKED_EVERY = Duration.ofSeconds(10);

  private final TaskStore store;
  private final LaneExecutor executor;
  private final InstantSource clock;
  private final Duration retention;
  private final int mostEnded;
  private final int mostDeadLetters;
  private final Duration grace;
  private final LaneTasks tasks;
  private final TaskWriter writer = new TaskWriter(this::takenOver);
  private final TaskEnds ends;
  private final HandlerAttempts attempts;
  private final TaskJobs jobs;
  private final WorkerClaims claims;
  private final DeadTasks deadTasks;
  private final Subscription offers;

  @GuardedBy("this")
  private boolean closed;

  @GuardedBy("this")
  private @Nullable TakenOverException takenOver;

  private DurableLanes(DurableLanesBuilder builder, TaskStore store) {
    this.store = store;
    this.clock = builder.clock;
    this.retention = builder.retention;
    this.mostEnded = builder.mostEnded;
    this.mostDeadLetters = builder.mostDeadLetters;
    this.grace = builder.grace;
    this.tasks = new LaneTasks(builder.lanes);
    this.ends = new TaskEnds(tasks, store, writer, clock, this::closedException);
    this.attempts = new HandlerAttempts(builder.handlers, store, writer, clock);
    LaneExecutorBuilder settings = LaneExecutor.builder().clock(clock);
    builder.executor.accept(settings);
    builder.lanes.values().forEach(lane -> settings.lane(withRoom(lane, store)));
    this.executor = settings.onDeadLetter(this::deadLetter).build();
    this.jobs = new TaskJobs(executor, tasks, attempts, ends, clock);
    this.claims = new WorkerClaims(executor.externalTasks(), tasks, store, writer, clock);
    this.deadTasks = new DeadTasks(executor, tasks, jobs, store, writer, clock);
    this.offers = executor.subscribe(Set.of(LaneEvent.Offered.class),
        event -> claims.call(String.valueOf(event.lane())));
  }

  /** The lane, with room for what it holds already: what was accepted is never refused later. */
  private static Lane withRoom(DurableLane lane, TaskStore store) {
    Lane settings = lane.settings();
    return lane.isDurable()
        ? settings.queueBound(Math.max(settings.queueBound(), store.countOpen(settings.name())))
        : settings;
  }

  /** @param database stays open; the caller closes it after the lanes */
  public static DurableLanesBuilder builder(Database database) {
    return new DurableLanesBuilder(database);
  }

  static DurableLanes open(DurableLanesBuilder builder) {
    TaskStore store = TaskStore.open(builder.database, builder.runner);
    DurableLanes lanes;
    try {
      lanes = new DurableLanes(builder, store);
    } catch (IllegalArgumentException e) {
      throw new InvalidInputException(String.valueOf(e.getMessage()), e);
    }
    try {
      new Recovery(lanes.tasks, lanes.jobs, store, lanes.clock).run();
      Thread unused = Thread.ofVirtual().name("memlane-lanes-sweeper").start(lanes::sweep);
      return lanes;
    } catch (Throwable e) {
      // Errors too: they must not leave an executor behind.
      lanes.close();
      throw e;
    }
  }

  // Submitting

  /**
   * Submits a task.
   *
   * @throws InvalidInputException if there is no such lane, or the task has a key and the lane is not durable
   * @throws InDoubtException if it is unknown whether it was accepted; a task with a key can be submitted again
   */
  public Submission submit(String lane, NewTask task) {
    requireOpen();
    DurableLane to = tasks.lane(lane);
    if (task.key() != null && !to.isDurable()) {
      throw new InvalidInputException("the lane " + lane + " is not durable, and knows no keys; submit without a key");
    }
    if (!to.admit()) {
      return new Submission.Full(lane, to.settings().queueBound());
    }
    boolean accepted = false;
    try {
      TaskRow row = row(to, task);
      TaskRow before = to.isDurable() ? write(row) : null;
      if (before != null && !before.task().id().equals(row.task().id())) {
        return duplicate(before, lane, task);
      }
      LiveTask submitted = jobs.adopt(row);
      if (submitted == null) {
        if (to.isDurable()) {
          store.remove(row.task().id());
        }
        return new Submission.Full(lane, to.settings().queueBound());
      }
      accepted = true;
      return new Submission.Accepted(submitted.now());
    } finally {
      if (!accepted) {
        to.leave();
      }
    }
  }

  private TaskRow row(DurableLane lane, NewTask task) {
    Instant at = TaskStore.now(clock);
    Duration within = task.within();
    return TaskRow.unclaimed(new LaneTask(UUID.randomUUID(), lane.settings().name(), task.name(), lane.isDurable(),
        task.idempotent(), TaskState.WAITING, 0, at, TaskStore.deadline(at, within), null, null, null, List.of()),
        store.runner(), task.key(), task.payload(), within == null ? null : within.toMillis());
  }

  /** Writes a new task down. Returns the task that has its key already, if there is one. */
  private @Nullable TaskRow write(TaskRow row) {
    try {
      return writer.write(() -> store.add(row)) ? null : existing(row);
    } catch (InDoubtException e) {
      // It may be there. So that it doesn't wait until the next process finds it, it is written down all the same.
      Thread unused = Thread.ofVirtual().name("memlane-lanes-doubt").start(() -> settle(row));
      throw e;
    }
  }

  private TaskRow existing(TaskRow row) {
    String key = row.key();
    Optional<TaskRow> found = key == null ? store.find(row.task().id()) : store.findByKey(key);
    return found.orElseThrow(() -> new StoreException("the task's key belonged to one that was just removed; nothing "
        + "was submitted: submit it again", null));
  }

  private void settle(TaskRow row) {
    try {
      if (writer.persist(() -> store.add(row)) || existing(row).task().id().equals(row.task().id())) {
        tasks.lane(row.task().lane()).readmit();
        if (jobs.adopt(row) == null) {
          tasks.lane(row.task().lane()).leave();
        }
      }
    } catch (StoreException | InterruptedException e) {
      LOGGER.log(System.Logger.Level.WARNING, "the next process goes on with a task in doubt, if it was accepted", e);
    }
  }

  private static Submission duplicate(TaskRow before, String lane, NewTask task) {
    LaneTask same = before.task();
    boolean isSame = same.lane().equals(lane) && same.name().equals(task.name())
        && same.idempotent() == task.idempotent() && task.payload().equals(before.payload());
    return isSame ? new Submission.Duplicate(same) : new Submission.KeyTaken(same);
  }

  // Workers outside

  /**
   * Claims the next task of a lane for a worker outside this process, and waits for one if there is none.
   *
   * @param lease the time until the task is taken back, unless it is renewed; at most what the lane allows an attempt
   * @param wait how long to wait at most
   * @return empty if there was none in time
   * @throws InvalidInputException if there is no such lane, or the lease is not positive
   */
  public Optional<TaskClaim> claim(String lane, Duration lease, Duration wait) throws InterruptedException {
    return claim(lane, lease, wait, () -> true);
  }

  /**
   * Claims the next task of a lane for a worker that may go away while it waits, as {@link #claim(String, Duration, Duration)}.
   *
   * @param isThere asked each time before a task is claimed, by the thread that waits; once it says no, no task is claimed
   * @return empty if there was none in time, or the worker is gone
   * @throws InvalidInputException if there is no such lane, or the lease is not positive
   */
  public Optional<TaskClaim> claim(String lane, Duration lease, Duration wait, BooleanSupplier isThere)
      throws InterruptedException {
    requireOpen();
    Optional<TaskClaim> claim = claims.claim(lane, lease, wait, isThere);
    if (claim.isEmpty()) {
      requireOpen();
    }
    return claim;
  }

  /** Ends the waits for tasks to claim that there are now, as if their time were over. */
  public void endWaits() {
    claims.endWaits();
  }

  /**
   * Gives back a claim that the worker certainly never got. Its task waits again, and the attempt doesn't count.
   *
   * @return false if the claim was over before
   */
  public boolean release(String claim) {
    return claims.release(claim);
  }

  /**
   * Sets a claim's lease to expire this long from now, within what the lane allows an attempt.
   *
   * @return false if the claim is over: the worker should stop
   * @throws InvalidInputException if the lease is not positive
   */
  public boolean renew(String claim, Duration lease) {
    requireOpen();
    return claims.renew(claim, lease);
  }

  /**
   * Reports the result of a claimed task. A report that was written down may be repeated.
   *
   * @param result JSON of at most {@value NewTask#LONGEST_PAYLOAD} characters
   * @throws InvalidInputException if the result is none that can be kept; the claim goes on
   * @throws StoreException if it is not written down yet; report it again
   */
  public Report complete(String claim, String result) throws InterruptedException {
    requireOpen();
    return claims.complete(claim, result);
  }

  /**
   * Reports that a claimed task has failed. It is attempted again if it is idempotent and has attempts left; otherwise it
   * becomes a dead letter.
   *
   * @param failure why, for people
   * @throws StoreException if it is not written down
   */
  public Report fail(String claim, String failure) throws InterruptedException {
    requireOpen();
    return claims.fail(claim, failure);
  }

  /** The executor's hook for dead letters. */
  private void deadLetter(DeadLetter letter) {
    if (letter.failures().getLast() instanceof TaskFailures.ClosingException) {
      return;
    }
    List<String> failures = letter.failures().stream().map(TaskFailures::describe).toList();
    if (letter.task().payload() instanceof LiveTask task) {
      // It is kept here, and replayed from here.
      executor.drop(letter.id());
      ends.failed(task, failures);
    } else {
      deadTasks.add(letter, failures);
    }
  }

  // Tasks

  /** A task as it is now, whichever runner has it; empty if it is unknown, or no longer kept. */
  public Optional<LaneTask> task(UUID id) {
    LiveTask task = tasks.live(id);
    if (task != null) {
      return Optional.of(task.now());
    }
    EndedTasks.Ended inMemory = tasks.ended().find(id);
    return inMemory == null ? store.find(id).map(TaskRow::task) : Optional.of(inMemory.task());
  }

  /**
   * Waits until a task of this process has ended.
   *
   * @return the task, ended or not; empty if it is unknown, or no longer kept
   */
  public Optional<LaneTask> awaitEnd(UUID id, Duration wait) throws InterruptedException {
    LiveTask task = tasks.live(id);
    if (task == null) {
      return task(id);
    }
    return TaskEnds.await(task, wait).or(() -> Optional.of(task.now()));
  }

  /**
   * Cancels a task of this process, waiting or running.
   *
   * @return the task as it has ended, cancelled or otherwise; as it is, if it belongs to another process; empty if it is
   * unknown, or no longer kept
   */
  public Optional<LaneTask> cancel(UUID id) throws InterruptedException {
    requireOpen();
    LiveTask task = tasks.live(id);
    if (task == null) {
      return task(id);
    }
    Job<String> job = task.job();
    if (job == null) {
      throw new StoreException("the task is just being submitted; try again", null);
    }
    job.cancel();
    return Optional.of(TaskEnds.await(task));
  }

  /** The statistics of each lane, in the order in which the lanes were added. */
  public List<LaneStats> stats() {
    return executor.stats();
  }

  /** Whether a lane of this name is there. */
  public boolean hasLane(String name) {
    return tasks.find(name) != null;
  }

  /**
   * The executor, for tasks that are code. Their dead letters are written down as well. Tasks for workers outside are
   * submitted here, not there.
   */
  public LaneExecutor executor() {
    return executor;
  }

  // Dead letters

  /** The last dead letters of the runner, the last first. */
  public List<DeadTask> deadLetters(int limit) {
    return deadTasks.list(limit);
  }

  /** Lets the task of a dead letter wait again, with all its attempts, and with as much time as it had at first. */
  public Replay replay(UUID id) {
    requireOpen();
    return deadTasks.replay(id);
  }

  /** Destroys a dead letter; returns false if there is none with this id. */
  public boolean drop(UUID id) {
    requireOpen();
    return deadTasks.drop(id);
  }

  // The runner

  private void takenOver(TakenOverException failure) {
    synchronized (this) {
      if (takenOver != null) {
        return;
      }
      takenOver = failure;
    }
    LOGGER.log(System.Logger.Level.ERROR, failure.getMessage());
    Thread unused = Thread.ofVirtual().name("memlane-lanes-closing").start(this::close);
  }

  private void sweep() {
    try {
      while (!writer.awaitStop(CHECKED_EVERY)) {
        sweepOnce();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void sweepOnce() {
    try {
      writer.write(() -> {
        store.requireCurrent();
        while (store.sweepEnded(clock.instant().minus(retention), mostEnded)) {
          // There may be another page.
        }
        while (store.sweepDead(mostDeadLetters)) {
          LOGGER.log(System.Logger.Level.WARNING, "there are more than {0} dead letters; the oldest were dropped",
              mostDeadLetters);
        }
        return true;
      });
    } catch (StoreException e) {
      LOGGER.log(System.Logger.Level.WARNING, "ended tasks could not be swept; it is tried again", e);
    }
  }

  private synchronized void requireOpen() {
    if (takenOver != null) {
      throw takenOver.copy();
    }
    if (closed) {
      throw new StoreException("the lanes are closed", null);
    }
  }

  private synchronized StoreException closedException() {
    return takenOver != null
        ? takenOver.copy()
        : new StoreException(
            "the lanes were closed before the task ended; the next process goes on with it if its lane "
                + "is durable",
            null);
  }

  /**
   * Refuses further tasks, and lets the attempts in this process end. What does not end in time, and what waits or is
   * done by workers outside, is left to the next process. Closing again does nothing.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    claims.close();
    try {
      attempts.close(grace);
      executor.shutdown(Duration.ZERO);
      // Now all ends are decided, and this waits until all of them are known here.
      executor.close();
      writer.close(grace);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      executor.shutdown(Duration.ZERO);
      executor.close();
    }
    writer.stop();
    offers.close();
    tasks.live().forEach(ends::leave);
  }

  @Override
  public String toString() {
    return "DurableLanes[" + store.runner() + ", " + tasks + "]";
  }
}
