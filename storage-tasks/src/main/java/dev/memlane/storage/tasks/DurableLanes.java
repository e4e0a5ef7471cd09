package dev.memlane.storage.tasks;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.lanes.DeadLetter;
import dev.memlane.lanes.ExternalTasks;
import dev.memlane.lanes.Job;
import dev.memlane.lanes.Lane;
import dev.memlane.lanes.LaneEvent;
import dev.memlane.lanes.LaneException;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.LaneExecutorBuilder;
import dev.memlane.lanes.LaneStats;
import dev.memlane.lanes.Subscription;
import dev.memlane.lanes.Task;
import dev.memlane.model.InDoubtException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.Database;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Stream;
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

  /** The most characters of one failure, and the most failures of a task that are kept. */
  private static final int LONGEST_FAILURE = 2_000;
  private static final int MOST_FAILURES = 20;
  /** How long a caller waits until the end that it reported is written down. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
  private static final Duration CHECKED_EVERY = Duration.ofSeconds(10);
  /** As many as the executor keeps. */
  private static final int MOST_CODE_LETTERS = 1_000;
  private static final char CLAIM = '.';

  /** Thrown by an attempt that doesn't begin because the lanes are being closed. */
  private static final class ClosingException extends RuntimeException {
    ClosingException() {
      super("the lanes are being closed", null, false, false);
    }
  }

  /** A failure that a worker reports. */
  private static final class WorkerFailure extends RuntimeException {
    WorkerFailure(String message) {
      super(message, null, false, false);
    }
  }

  private final Map<String, DurableLane> lanes;
  private final Map<String, TaskHandler> handlers;
  private final TaskStore store;
  private final LaneExecutor executor;
  private final InstantSource clock;
  private final Duration retention;
  private final int mostEnded;
  private final int mostDeadLetters;
  private final Duration grace;
  private final Subscription offers;
  private final ClaimWaiters waiters = new ClaimWaiters();
  private final Map<UUID, LiveTask> live = new ConcurrentHashMap<>();
  private final EndedTasks ended = new EndedTasks();
  private final Underway attempts = new Underway();
  private final Underway endings = new Underway();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final SecureRandom random = new SecureRandom();

  /** The executor's dead letters of tasks that were not submitted here, by the ids of their rows. */
  @GuardedBy("codeLetters")
  private final Map<UUID, String> codeLetters = new LinkedHashMap<>();

  @GuardedBy("this")
  private boolean closed;

  @GuardedBy("this")
  private @Nullable TakenOverException takenOver;

  private DurableLanes(DurableLanesBuilder builder, TaskStore store) {
    this.lanes = Map.copyOf(builder.lanes);
    this.handlers = Map.copyOf(builder.handlers);
    this.store = store;
    this.clock = builder.clock;
    this.retention = builder.retention;
    this.mostEnded = builder.mostEnded;
    this.mostDeadLetters = builder.mostDeadLetters;
    this.grace = builder.grace;
    LaneExecutorBuilder settings = LaneExecutor.builder().clock(clock);
    builder.executor.accept(settings);
    builder.lanes.values().forEach(lane -> settings.lane(withRoom(lane, store)));
    this.executor = settings.onDeadLetter(this::deadLetter).build();
    this.offers = executor.subscribe(Set.of(LaneEvent.Offered.class), event -> waiters.call(lane(event)));
  }

  private static String lane(LaneEvent event) {
    return String.valueOf(event.lane());
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
      lanes.recover();
      Thread unused = Thread.ofVirtual().name("memlane-lanes-sweeper").start(lanes::sweep);
      return lanes;
    } catch (Throwable e) {
      // Errors too: they must not leave an executor behind.
      lanes.close();
      throw e;
    }
  }

  // What former processes have left

  private void recover() {
    int waiting = 0;
    int again = 0;
    int dead = 0;
    int unknown = 0;
    List<TaskStore.Numbered> page = store.open(0);
    while (!page.isEmpty()) {
      for (TaskStore.Numbered one : page) {
        LaneTask task = one.row().task();
        DurableLane lane = lanes.get(task.lane());
        if (lane == null || !lane.isDurable()) {
          unknown++;
          continue;
        }
        String reason = hopeless(task, lane);
        if (reason != null) {
          List<String> failures = Stream.concat(task.failures().stream(), Stream.of(reason)).toList();
          store.end(task.id(), TaskState.FAILED, null, failures, now());
          dead++;
          continue;
        }
        if (task.state() == TaskState.RUNNING) {
          again++;
        } else {
          waiting++;
        }
        lane.readmit();
        adopt(one.row());
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

  // Submitting

  /**
   * Submits a task.
   *
   * @throws InvalidInputException if there is no such lane, or the task has a key and the lane is not durable
   * @throws InDoubtException if it is unknown whether it was accepted; a task with a key can be submitted again
   */
  public Submission submit(String lane, NewTask task) {
    requireOpen();
    DurableLane to = lane(lane);
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
      LiveTask submitted = adopt(row);
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
    Instant at = now();
    Duration within = task.within();
    return new TaskRow(new LaneTask(UUID.randomUUID(), lane.settings().name(), task.name(), lane.isDurable(),
        task.idempotent(), TaskState.WAITING, 0, at, TaskStore.deadline(at, within), null, null, null, List.of()),
        store.runner(), task.key(), task.payload(), within == null ? null : within.toMillis(), null);
  }

  /** Writes a new task down. Returns the task that has its key already, if there is one. */
  private @Nullable TaskRow write(TaskRow row) {
    try {
      return unlessTakenOver(() -> store.add(row)) ? null : existing(row);
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
      if (persist(() -> store.add(row)) || existing(row).task().id().equals(row.task().id())) {
        lane(row.task().lane()).readmit();
        if (adopt(row) == null) {
          lane(row.task().lane()).leave();
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

  /** Hands a task that was written down to the executor; returns null if there is no room, or it has it already. */
  private @Nullable LiveTask adopt(TaskRow row) {
    LiveTask task = new LiveTask(row);
    if (live.putIfAbsent(task.id(), task) != null) {
      return null;
    }
    Job<String> job = executor.resubmit(task.lane(), task(task), row.task().attempt());
    task.submitted(job);
    if (job.future().state() == Future.State.FAILED && isRefusal(job.future().exceptionNow())) {
      live.remove(task.id());
      return null;
    }
    var unused = job.future().whenComplete((result, failure) -> jobEnded(task, result, failure));
    return task;
  }

  private static boolean isRefusal(Throwable failure) {
    return failure instanceof LaneException.Full || failure instanceof LaneException.ShutDown;
  }

  private Task<String> task(LiveTask task) {
    TaskHandler handler = handlers.get(task.name());
    Task<String> made = handler == null
        ? Task.external(String.class, task)
        : Task.<String>of(() -> attempt(task, handler)).payload(task);
    Instant deadline = task.row().task().deadline();
    Task<String> named = made.named(task.name()).idempotent(task.row().task().idempotent());
    if (deadline == null) {
      return named;
    }
    Duration left = Duration.between(clock.instant(), deadline);
    return named.within(left.isPositive() ? left : Duration.ofNanos(1));
  }

  // Attempts in this process

  private String attempt(LiveTask task, TaskHandler handler) throws Exception {
    if (!attempts.enter()) {
      throw new ClosingException();
    }
    boolean isLast = false;
    try {
      int number = task.nextAttempt();
      Instant at = now();
      if (task.isDurable() && !begun(task, number, at)) {
        throw new IllegalStateException("the task ended before this attempt began");
      }
      task.begin(number, null, at);
      try {
        String result = handler
            .handle(new TaskHandler.Work(task.id(), task.lane(), task.name(), number, task.payload()));
        JsonText.require("the result", result);
        isLast = true;
        return result;
      } catch (Throwable e) {
        // Whatever it is: the executor decides what follows.
        isLast = !task.row().task().idempotent();
        attemptFailed(task, number, describe(e));
        throw e;
      }
    } finally {
      leaveAttempt(task, isLast);
    }
  }

  /** Counts an attempt as over: the last one when the executor has decided so, which it does next. */
  private void leaveAttempt(LiveTask task, boolean isLast) {
    Job<String> job = task.job();
    if (isLast && job != null) {
      var unused = job.future().whenComplete((result, failure) -> attempts.leave());
    } else {
      attempts.leave();
    }
  }

  private boolean begun(LiveTask task, int number, Instant at) throws InterruptedException {
    try {
      return persist(() -> store.start(task.id(), number, null, at));
    } catch (StoreException e) {
      // Nothing has run, and nothing will: the next process goes on.
      throw new ClosingException();
    }
  }

  /** Writes an attempt's failure down, so that its reason survives; the executor's decision doesn't depend on it. */
  private void attemptFailed(LiveTask task, int number, String failure) {
    task.await(number, failure);
    if (task.isDurable() && task.row().task().idempotent()) {
      try {
        store.retry(task.id(), number, failure);
      } catch (StoreException e) {
        LOGGER.log(System.Logger.Level.WARNING, "the failure of an attempt of " + task + " was not written down", e);
      }
    }
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
    requireOpen();
    lane(lane);
    requirePositive(lease);
    long end = System.nanoTime() + wait.toNanos();
    try (ClaimWaiters.Place place = waiters.place(lane)) {
      do {
        Optional<TaskClaim> claim = claimNow(lane, lease);
        if (claim.isPresent()) {
          // The executor calls once for several permits.
          waiters.call(lane);
          return claim;
        }
      } while (place.await(Duration.ofNanos(end - System.nanoTime())));
    }
    requireOpen();
    return Optional.empty();
  }

  /** Ends the waits for tasks to claim that there are now, as if their time were over. */
  public void endWaits() {
    waiters.dismiss();
  }

  private Optional<TaskClaim> claimNow(String lane, Duration lease) {
    while (true) {
      Optional<ExternalTasks.Claim> given = executor.externalTasks().next(lane, lease);
      if (given.isEmpty()) {
        return Optional.empty();
      }
      ExternalTasks.Claim claim = given.get();
      if (!(claim.payload() instanceof LiveTask task)) {
        executor.externalTasks().fail(claim.id(),
            new IllegalStateException("tasks for workers outside are submitted to DurableLanes, not to its executor"));
        continue;
      }
      LiveTask.Held held = new LiveTask.Held(task.id().toString() + CLAIM + Long.toHexString(random.nextLong()),
          claim.id(), claim.attempt());
      Instant at = now();
      if (begun(task, held, at)) {
        task.begin(held.attempt(), held, at);
        return Optional.of(new TaskClaim(held.id(), task.id(), lane, task.name(), held.attempt(), task.payload(),
            claim.lease()));
      }
      // It has ended meanwhile, so the executor has taken its permit back.
    }
  }

  /** Writes down that a worker begins; if that fails, the task waits again as if nobody had claimed it. */
  private boolean begun(LiveTask task, LiveTask.Held held, Instant at) {
    if (!task.isDurable()) {
      return true;
    }
    try {
      return unlessTakenOver(() -> store.start(task.id(), held.attempt(), held.id(), at));
    } catch (RuntimeException | Error e) {
      executor.externalTasks().release(held.executor());
      throw e;
    }
  }

  /**
   * Gives back a claim that the worker certainly never got. Its task waits again, and the attempt doesn't count.
   *
   * @return false if the claim was over before
   */
  public boolean release(String claim) {
    LiveTask task = liveTask(claim);
    LiveTask.Held held = task == null ? null : task.held(claim);
    if (task == null || held == null) {
      return false;
    }
    if (task.isDurable()) {
      // First: once it is released, another worker may claim it, and no attempt of that one may be taken back.
      unlessTakenOver(() -> store.takeBack(task.id(), held.attempt()));
    }
    task.await(held.attempt(), null);
    return executor.externalTasks().release(held.executor());
  }

  /**
   * Sets a claim's lease to expire this long from now, within what the lane allows an attempt.
   *
   * @return false if the claim is over: the worker should stop
   * @throws InvalidInputException if the lease is not positive
   */
  public boolean renew(String claim, Duration lease) {
    requireOpen();
    requirePositive(lease);
    LiveTask task = liveTask(claim);
    LiveTask.Held held = task == null ? null : task.held(claim);
    return held != null && executor.externalTasks().renew(held.executor(), lease);
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
    JsonText.require("the result", result);
    LiveTask task = liveTask(claim);
    if (task == null) {
      return reportedBefore(claim);
    }
    LiveTask.Held held = task.held(claim);
    if (held == null) {
      return new Report.ClaimOver();
    }
    boolean first = executor.externalTasks().complete(held.executor(), result);
    Job<String> job = task.job();
    if (!first && (job == null || !job.future().isDone())) {
      return new Report.ClaimOver();
    }
    LaneTask end = awaitEnd(task);
    return first || end.state() == TaskState.DONE ? new Report.Recorded(end) : new Report.ClaimOver();
  }

  /** Whether the claim's result was written down before, and only its acknowledgment was lost. */
  private Report reportedBefore(String claim) {
    UUID id = taskOf(claim);
    EndedTasks.Ended inMemory = id == null ? null : ended.find(id);
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
  public Report fail(String claim, String failure) throws InterruptedException {
    requireOpen();
    String why = JsonText.fit(failure, LONGEST_FAILURE);
    LiveTask task = liveTask(claim);
    LiveTask.Held held = task == null ? null : task.held(claim);
    if (task == null || held == null || !executor.externalTasks().fail(held.executor(), new WorkerFailure(why))) {
      return new Report.ClaimOver();
    }
    Job<String> job = task.job();
    if (job != null && job.future().isDone()) {
      return new Report.Recorded(awaitEnd(task));
    }
    task.await(held.attempt(), why);
    if (task.isDurable()) {
      unlessTakenOver(() -> store.retry(task.id(), held.attempt(), why));
    }
    return new Report.Recorded(task.now());
  }

  private @Nullable LiveTask liveTask(String claim) {
    UUID id = taskOf(claim);
    return id == null ? null : live.get(id);
  }

  private static @Nullable UUID taskOf(String claim) {
    int end = claim.indexOf(CLAIM);
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

  // Ends

  private void jobEnded(LiveTask task, @Nullable String result, @Nullable Throwable failure) {
    switch (failure) {
      case null -> end(task, TaskState.DONE, result, task.now().failures());
      case CancellationException cancelled -> end(task, TaskState.CANCELLED, null, task.now().failures());
      case LaneException.ShutDown shutDown -> left(task);
      case ClosingException unbegun -> left(task);
      // It becomes a dead letter, which has the failures of all attempts.
      default -> {
      }
    }
  }

  /** The executor's hook for dead letters. */
  private void deadLetter(DeadLetter letter) {
    if (letter.failures().getLast() instanceof ClosingException) {
      return;
    }
    List<String> failures = letter.failures().stream().map(DurableLanes::describe).toList();
    if (letter.task().payload() instanceof LiveTask task) {
      // It is kept here, and replayed from here.
      executor.drop(letter.id());
      end(task, TaskState.FAILED, null,
          Stream.concat(task.earlierFailures().stream(), failures.stream()).toList());
    } else {
      codeLetter(letter, failures);
    }
  }

  /** Writes a dead letter down whose task was code, so that it is seen after the process has ended. */
  private void codeLetter(DeadLetter letter, List<String> failures) {
    UUID id = UUID.randomUUID();
    synchronized (codeLetters) {
      codeLetters.put(id, letter.id());
      if (codeLetters.size() > MOST_CODE_LETTERS) {
        codeLetters.remove(codeLetters.keySet().iterator().next());
      }
    }
    Instant at = TaskStore.precise(letter.at());
    LaneTask task = new LaneTask(id, letter.lane(), JsonText.fit(letter.task().name(), NewTask.LONGEST_NAME), false,
        letter.task().idempotent(), TaskState.FAILED, failures.size(), at, null, null, at, null, kept(failures));
    background(() -> persist(() -> store.add(new TaskRow(task, store.runner(), null, null, null, null))),
        task::toString);
  }

  private void end(LiveTask task, TaskState state, @Nullable String result, List<String> failures) {
    LaneTask end = task.ended(state, result, kept(failures), now());
    if (!task.isDurable() && state != TaskState.FAILED) {
      ended(task, end);
      return;
    }
    boolean begun = background(() -> {
      try {
        boolean written = task.isDurable()
            ? persist(() -> store.end(end.id(), state, result, end.failures(), requireTime(end)))
            : persist(() -> store.add(new TaskRow(end, store.runner(), null, null, null, null)));
        if (!written) {
          LOGGER.log(System.Logger.Level.WARNING, "{0} had ended before, or was removed", task);
        }
        ended(task, end);
      } catch (StoreException e) {
        task.end().completeExceptionally(e);
        throw e;
      }
      return true;
    }, task::toString);
    if (!begun) {
      left(task);
    }
  }

  private static Instant requireTime(LaneTask end) {
    Instant at = end.endedAt();
    if (at == null) {
      throw new IllegalStateException(end + " has not ended");
    }
    return at;
  }

  /** Shows the end of a task, which is written down. */
  private void ended(LiveTask task, LaneTask end) {
    if (!task.isDurable()) {
      ended.add(task, end);
    }
    live.remove(task.id(), task);
    lane(task.lane()).leave();
    task.end().complete(end);
  }

  /** Leaves a task to the next process. */
  private void left(LiveTask task) {
    task.end().completeExceptionally(closedException());
  }

  /** Something that is written down on a thread of its own. */
  private interface Writing {
    Object run() throws InterruptedException;
  }

  /** Returns false if the lanes are closed. */
  private boolean background(Writing writing, Supplier<String> what) {
    if (!endings.enter()) {
      return false;
    }
    Thread unused = Thread.ofVirtual().name("memlane-lanes-end").start(() -> {
      try {
        writing.run();
      } catch (StoreException e) {
        LOGGER.log(System.Logger.Level.WARNING, "how it ended was not written down: " + what.get(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        endings.leave();
      }
    });
    return true;
  }

  /** The failures of a task that are kept: the first ones, and the last. */
  private static List<String> kept(List<String> failures) {
    int left = failures.size() - MOST_FAILURES;
    if (left <= 0) {
      return failures;
    }
    List<String> kept = new ArrayList<>(failures.subList(0, MOST_FAILURES / 2));
    kept.addAll(failures.subList(failures.size() - MOST_FAILURES / 2, failures.size()));
    return kept;
  }

  private static String describe(Throwable failure) {
    String message = failure.getMessage();
    boolean plain = failure instanceof WorkerFailure || failure instanceof LaneException
        || failure instanceof InvalidInputException;
    return JsonText.fit(plain && message != null ? message : failure.toString(), LONGEST_FAILURE);
  }

  private static LaneTask awaitEnd(LiveTask task) throws InterruptedException {
    try {
      return task.end().get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new StoreException("how the task ended is not written down yet, because the database does not answer; "
          + "report it again", e);
    } catch (ExecutionException e) {
      throw copy(e);
    }
  }

  private static StoreException copy(ExecutionException failure) {
    return failure.getCause() instanceof StoreException known
        ? known.copy()
        : new StoreException("how the task ended could not be written down", failure);
  }

  // Tasks

  /** A task as it is now, whichever runner has it; empty if it is unknown, or no longer kept. */
  public Optional<LaneTask> task(UUID id) {
    LiveTask task = live.get(id);
    if (task != null) {
      return Optional.of(task.now());
    }
    EndedTasks.Ended inMemory = ended.find(id);
    return inMemory == null ? store.find(id).map(TaskRow::task) : Optional.of(inMemory.task());
  }

  /**
   * Waits until a task of this process has ended.
   *
   * @return the task, ended or not; empty if it is unknown, or no longer kept
   */
  public Optional<LaneTask> awaitEnd(UUID id, Duration wait) throws InterruptedException {
    LiveTask task = live.get(id);
    if (task == null) {
      return task(id);
    }
    try {
      return Optional.of(task.end().get(wait.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      // It takes longer.
      return Optional.of(task.now());
    } catch (ExecutionException e) {
      throw copy(e);
    }
  }

  /**
   * Cancels a task of this process, waiting or running.
   *
   * @return the task as it has ended, cancelled or otherwise; as it is, if it belongs to another process; empty if it is
   * unknown, or no longer kept
   */
  public Optional<LaneTask> cancel(UUID id) throws InterruptedException {
    requireOpen();
    LiveTask task = live.get(id);
    if (task == null) {
      return task(id);
    }
    Job<String> job = task.job();
    if (job == null) {
      throw new StoreException("the task is just being submitted; try again", null);
    }
    job.cancel();
    return Optional.of(awaitEnd(task));
  }

  /** The statistics of each lane, in the order in which the lanes were added. */
  public List<LaneStats> stats() {
    return executor.stats();
  }

  /** Whether a lane of this name is there. */
  public boolean hasLane(String name) {
    return lanes.containsKey(name);
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
    return store.dead(limit).stream().map(row -> {
      LaneTask task = row.task();
      return new DeadTask(task.id(), task.lane(), task.name(), task.failures(), requireTime(task), isReplayable(task));
    }).toList();
  }

  private boolean isReplayable(LaneTask task) {
    DurableLane lane = lanes.get(task.lane());
    return lane != null && (task.durable() && lane.isDurable() || ended.find(task.id()) != null
        || codeLetter(task.id()) != null);
  }

  private @Nullable String codeLetter(UUID id) {
    synchronized (codeLetters) {
      return codeLetters.get(id);
    }
  }

  /** Lets the task of a dead letter wait again, with all its attempts, and with as much time as it had at first. */
  public Replay replay(UUID id) {
    requireOpen();
    TaskRow row = store.find(id).filter(found -> found.task().state() == TaskState.FAILED
        && found.runner().equals(store.runner())).orElse(null);
    if (row == null) {
      return new Replay.Unknown();
    }
    DurableLane lane = lanes.get(row.task().lane());
    if (lane == null || row.task().durable() && !lane.isDurable()) {
      return new Replay.Refused("the lane " + row.task().lane() + " is not there, or not durable, any more");
    }
    String letter = codeLetter(id);
    if (letter != null) {
      return replayCode(id, letter);
    }
    if (row.task().durable()) {
      return replay(row, lane);
    }
    EndedTasks.Ended inMemory = ended.find(id);
    return inMemory == null ? new Replay.NotReplayable() : replay(inMemory.live().row(), lane);
  }

  private Replay replay(TaskRow row, DurableLane lane) {
    LaneTask dead = row.task();
    if (!lane.admit()) {
      return full(lane);
    }
    boolean accepted = false;
    try {
      Instant at = now();
      if (dead.durable()
          ? !unlessTakenOver(() -> store.revive(dead.id(), at))
          : !unlessTakenOver(() -> store.drop(dead.id()))) {
        return new Replay.Unknown();
      }
      Long within = row.withinMillis();
      LaneTask waiting = new LaneTask(dead.id(), dead.lane(), dead.name(), dead.durable(), dead.idempotent(),
          TaskState.WAITING, 0, at, within == null ? null : TaskStore.deadline(at, Duration.ofMillis(within)), null,
          null, null, List.of());
      TaskRow revived = new TaskRow(waiting, row.runner(), row.key(), row.payload(), within, null);
      accepted = adopt(revived) != null;
      if (!accepted) {
        if (dead.durable()) {
          store.end(dead.id(), TaskState.FAILED, null, dead.failures(), now());
        } else {
          store.add(new TaskRow(dead, row.runner(), null, null, null, null));
        }
        return full(lane);
      }
      ended.remove(dead.id());
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
    if (job.get().future().state() == Future.State.FAILED && isRefusal(job.get().future().exceptionNow())) {
      return new Replay.Refused("the lane " + job.get().lane() + " is full; try again later");
    }
    forget(id);
    unlessTakenOver(() -> store.drop(id));
    return new Replay.Replayed(id);
  }

  private static Replay full(DurableLane lane) {
    return new Replay.Refused("the lane " + lane.settings().name() + " is full; try again later");
  }

  /** Destroys a dead letter; returns false if there is none with this id. */
  public boolean drop(UUID id) {
    requireOpen();
    boolean dropped = unlessTakenOver(() -> store.drop(id));
    if (dropped) {
      ended.remove(id);
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

  // Writing things down

  /** Does a write, again and again while the database fails, until the lanes are closed. */
  private <T> T persist(Supplier<T> write) throws InterruptedException {
    Duration pause = FIRST_PAUSE;
    while (true) {
      try {
        return unlessTakenOver(write);
      } catch (TakenOverException e) {
        throw e;
      } catch (StoreException e) {
        LOGGER.log(System.Logger.Level.WARNING, "a task's state could not be written down; it is tried again", e);
        if (closing.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
          throw e;
        }
        pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
      }
    }
  }

  /** Does a write; if the runner belongs to another process now, the lanes are closed. */
  private <T> T unlessTakenOver(Supplier<T> write) {
    try {
      return write.get();
    } catch (TakenOverException e) {
      takenOver(e);
      throw e;
    }
  }

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
      while (!closing.await(CHECKED_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
        sweepOnce();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void sweepOnce() {
    try {
      unlessTakenOver(() -> {
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

  private Instant now() {
    return TaskStore.precise(clock.instant());
  }

  private DurableLane lane(String name) {
    DurableLane lane = lanes.get(name);
    if (lane == null) {
      throw new InvalidInputException("there is no lane of this name; there are " + String.join(", ", lanes.keySet()));
    }
    return lane;
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
    waiters.close();
    try {
      attempts.close(grace);
      executor.shutdown(Duration.ZERO);
      // Now all ends are decided, and this waits until all of them are known here.
      executor.close();
      endings.close(grace);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      executor.shutdown(Duration.ZERO);
      executor.close();
    }
    closing.countDown();
    offers.close();
    live.values().forEach(this::left);
  }

  @Override
  public String toString() {
    return "DurableLanes[" + store.runner() + ", " + lanes.keySet() + "]";
  }
}
