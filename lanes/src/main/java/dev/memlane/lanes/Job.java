package dev.memlane.lanes;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A task that was submitted. Safe for use by several threads.
 *
 * <p>
 * States: {@code QUEUED -> RUNNING -> DONE}, with {@code RUNNING -> RETRYING -> QUEUED} for each further attempt; from any of
 * them to {@code DONE} by cancellation, deadline or shutdown.
 */
public final class Job<T extends @Nullable Object> {

  /** Four at most, by {@link #STATE_BITS}. */
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
  /** {@link Long#MAX_VALUE} for none. */
  final long deadline;
  /** Where it is to run, and why; null if that was not decided. */
  final @Nullable Decision decision;
  private final LaneExecutor executor;
  private final Result future = new Result();

  // Guarded by the executor's lock
  /** How many attempts have begun, and the state, so that both are seen as of one moment. */
  @SuppressWarnings("UnusedVariable") // It is read by its handle.
  private int status;
  /** Why it was not taken; null if it was. */
  @Nullable
  Refusal refusal;
  /** How long it has waited before this wait. */
  long waited;
  /** Since when it waits. Written without the lock when it is submitted, before anybody else knows of it. */
  long queuedAt;
  long startedAt;
  /** When the attempt that runs has taken too long. */
  long due;
  /** What runs it here; null if nothing does. */
  @Nullable
  Runner runner;
  /** What the worker outside who has claimed it calls it. */
  @Nullable
  String claim;
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
      LaneExecutor executor) {
    this.executor = executor;
    this.prefix = prefix;
    this.sequence = sequence;
    this.task = task;
    this.lane = lane;
    this.deadline = deadline;
    this.decision = decision;
  }

  /** May be asked without the lock: what was written before it is seen as well, and it may have changed since. */
  State state() {
    return state((int) STATUS.getAcquire(this));
  }

  /** How many attempts have begun. May be asked without the lock, as {@link #state}. */
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

  /** Needs the lock. Not a volatile write: the lock's own are enough, and each is a good part of what a short task costs. */
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
   * Whether this attempt has ended, or the job before it. May be asked without the lock, of an attempt that has been given a
   * place, whether or not that is entered here yet.
   */
  boolean isOver(int which) {
    int now = (int) STATUS.getAcquire(this);
    return state(now) == State.DONE || attempt(now) > which || attempt(now) == which && state(now) != State.RUNNING;
  }

  /** Unique in the executor, and among executors by its prefix. */
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
   * Its result; cancelling it cancels the task, queued or running. Fails with what the task threw, or with a
   * {@link LaneException} that says why it has no result.
   */
  public CompletableFuture<T> future() {
    return future;
  }

  /** Has an attempt of it run on this thread. */
  void run(int attempt) {
    executor.run(this, attempt, null);
  }

  /** Has it end, because it has taken too long. */
  void expire(String why) {
    executor.expire(this, why);
  }

  /** Needs the lock. It was not taken. */
  void refuse(Refusal why) {
    become(State.DONE);
    refusal = why;
  }

  /** Cancels the task, queued or running; does nothing if it is done. */
  public void cancel() {
    future.cancel(true);
  }

  /** Answers its caller; the job is done. */
  void answer(T result) {
    future.answer(result);
  }

  /** Tells its caller that it has no result; the job is done, or was not taken. */
  void fail(Throwable failure) {
    future.fail(failure);
  }

  /**
   * A future whose caller may complete it, or let it time out: then nobody wants the task any more. It is ended first, so that
   * what follows from the future finds its place free.
   */
  private final class Result extends CompletableFuture<T> {

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      return endedFirst(() -> super.cancel(mayInterruptIfRunning));
    }

    @Override
    public boolean complete(T value) {
      return endedFirst(() -> answer(value));
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
      return endedFirst(() -> fail(failure));
    }

    @Override
    public CompletableFuture<T> completeAsync(Supplier<? extends T> supplier, Executor on) {
      on.execute(() -> {
        try {
          complete(supplier.get());
        } catch (Throwable e) {
          // Whatever it is, it is the future's result.
          completeExceptionally(e);
        }
      });
      return this;
    }

    private boolean endedFirst(BooleanSupplier completion) {
      boolean ended = executor.giveUp(Job.this);
      try {
        return completion.getAsBoolean();
      } finally {
        if (ended) {
          executor.told();
        }
      }
    }

    private boolean answer(T result) {
      return super.complete(result);
    }

    private boolean fail(Throwable failure) {
      return super.completeExceptionally(failure);
    }
  }

  @Override
  public String toString() {
    return "Job[" + id() + ", " + task + " in " + lane() + "]";
  }
}
