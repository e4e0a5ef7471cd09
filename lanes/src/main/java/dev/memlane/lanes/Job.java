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

  enum State {
    QUEUED, RUNNING, RETRYING, DONE
  }

  enum Refusal {
    FULL, SHUT_DOWN
  }

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Job.class, "state", State.class);
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
  private final LaneExecutor executor;
  private final Result future = new Result();

  // Guarded by the executor's lock
  @SuppressWarnings("UnusedVariable") // It is read by its handle.
  private State state = State.QUEUED;
  /** Why it was not taken; null if it was. */
  @Nullable
  Refusal refusal;
  /** Written before the state that goes with it. */
  int attempt;
  /** How long it has waited before this wait. */
  long waited;
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

  Job(String prefix, long sequence, Task<T> task, LaneState lane, long deadline, LaneExecutor executor) {
    this.executor = executor;
    this.prefix = prefix;
    this.sequence = sequence;
    this.task = task;
    this.lane = lane;
    this.deadline = deadline;
  }

  /** May be asked without the lock: what was written before it is seen as well, and it may have changed since. */
  State state() {
    return (State) STATE.getAcquire(this);
  }

  /** Needs the lock. Not a volatile write: the lock's own are enough, and each is a good part of what a short task costs. */
  void become(State next) {
    STATE.setRelease(this, next);
  }

  /** Whether this attempt is running. May be asked without the lock. */
  boolean isRunning(int which) {
    return state() == State.RUNNING && attempt == which;
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
