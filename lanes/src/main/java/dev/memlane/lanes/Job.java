package dev.memlane.lanes;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * A task that was submitted. Safe for use by several threads.
 *
 * <p>
 * States: {@code QUEUED -> RUNNING -> DONE}, with {@code RUNNING -> RETRYING -> QUEUED} for each further attempt;
 * from any of them to {@code DONE} by cancellation, deadline or shutdown.
 */
public final class Job<T extends @Nullable Object> {

  /** At most four, by {@link #STATE_BITS}. */
  enum State {
    QUEUED, RUNNING, RETRYING, DONE
  }

  enum Refusal {
    FULL, SHUT_DOWN
  }

  private static final State[] STATES = State.values();
  private static final int STATE_BITS = 2;
  private static final VarHandle STATUS;

  static {
    try {
      STATUS = MethodHandles.lookup().findVarHandle(Job.class, "status", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // Fixed
  private final String prefix;
  private final Task<T> task;
  final long sequence;
  final LaneState lane;
  /** In nanoseconds; {@link Long#MAX_VALUE} for none. */
  final long deadline;
  /** Where it is to run, and why; null if no decision was made. */
  final @Nullable Decision decision;
  final JobEnder ender;
  private final JobFuture<T> future = new JobFuture<>(this);

  // Guarded by the executor's lock, a field of other classes, so Error Prone cannot check it. Times are nanoseconds.
  /** The number of attempts that have begun, and the state, in one word, so that both are seen as of one moment. */
  @SuppressWarnings("UnusedVariable") // It is read by its handle.
  private int status;
  /** Null unless it was refused. */
  @Nullable
  Refusal refusal;
  /** The total of its earlier waits. */
  long waited;
  /**
   * The beginning of its present wait. Written without the lock when it is submitted, before any other thread knows
   * the job.
   */
  long queuedAt;
  long startedAt;
  /** The time at which the running attempt has taken too long. */
  long due;
  /** The running attempt; null if it does not run in this process. */
  @Nullable
  JobRun run;
  /** The id of an external worker's claim; null if it is not claimed. */
  @Nullable
  String claim;
  /** How many of its attempts were given back before anybody had begun to work on them. */
  int released;
  final List<Throwable> failures = new ArrayList<>(0);
  @Nullable
  ScheduledFuture<?> deadlineAlarm;
  @Nullable
  ScheduledFuture<?> retryAlarm;
  /** Its neighbours in the {@link JobList} that it is in. */
  @Nullable
  Job<?> previous;
  @Nullable
  Job<?> next;

  Job(String prefix, long sequence, Task<T> task, LaneState lane, long deadline, @Nullable Decision decision,
      JobEnder ender) {
    this(prefix, sequence, task, lane, deadline, decision, ender, 0);
  }

  /** @param attempts how many attempts have begun before */
  Job(String prefix, long sequence, Task<T> task, LaneState lane, long deadline, @Nullable Decision decision,
      JobEnder ender, int attempts) {
    this.ender = ender;
    this.status = status(State.QUEUED, attempts);
    this.prefix = prefix;
    this.sequence = sequence;
    this.task = task;
    this.lane = lane;
    this.deadline = deadline;
    this.decision = decision;
  }

  // What its submitter sees

  /** An id that is unique in the executor, and among executors by its prefix. */
  public String id() {
    return prefix + sequence;
  }

  public Task<T> task() {
    return task;
  }

  /** The name of its lane. */
  public String lane() {
    return lane.lane.name();
  }

  /**
   * The result. Cancelling the future cancels the task, queued or running. The future fails with what the task threw,
   * or with a {@link LaneException} that says why there is no result.
   */
  public CompletableFuture<T> future() {
    return future;
  }

  /** Cancels the task, queued or running; does nothing if it is done. */
  public void cancel() {
    future.cancel(true);
  }

  // State

  /**
   * The present state. May be read without the lock: writes before the last change are visible, and it may change
   * meanwhile.
   */
  State state() {
    return state((int) STATUS.getAcquire(this));
  }

  /** The number of attempts that have begun. May be read without the lock, as {@link #state}. */
  int attempt() {
    return attempt((int) STATUS.getAcquire(this));
  }

  @SuppressWarnings("EnumOrdinal") // It is stored nowhere else.
  private static int status(State state, int attempt) {
    return attempt << STATE_BITS | state.ordinal();
  }

  private static State state(int status) {
    return STATES[status & (1 << STATE_BITS) - 1];
  }

  private static int attempt(int status) {
    return status >>> STATE_BITS;
  }

  /**
   * Needs the lock. Not a volatile write: the lock's own suffice, and each costs a good part of a short task's time.
   */
  void become(State next) {
    STATUS.setRelease(this, status(next, attempt()));
  }

  /** Begins the next attempt. Needs the lock. */
  void beginAttempt() {
    STATUS.setRelease(this, status(State.RUNNING, attempt() + 1));
  }

  /** Whether this attempt is running. Needs the lock. */
  boolean isRunning(int which) {
    return attempt() == which && state() == State.RUNNING;
  }

  /**
   * Whether this attempt has ended, or the job before it. May be read without the lock for an attempt that has been
   * granted a permit, whether or not that has been entered here yet.
   */
  boolean isOver(int which) {
    int now = (int) STATUS.getAcquire(this);
    return state(now) == State.DONE || attempt(now) > which || attempt(now) == which && state(now) != State.RUNNING;
  }

  // Completion

  /** Marks the job as refused. Needs the lock. */
  void refuse(Refusal why) {
    become(State.DONE);
    refusal = why;
  }

  /** Completes the future of this job, which is done. */
  void complete(T result) {
    future.deliver(result);
  }

  /** Fails the future of this job, which is done or was refused. */
  void fail(Throwable failure) {
    future.deliverFailure(failure);
  }

  @Override
  public String toString() {
    return "Job[" + id() + ", " + task + " in " + lane() + "]";
  }
}
