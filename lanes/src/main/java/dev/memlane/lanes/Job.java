package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Consumer;
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

  // Fixed
  private final String id;
  private final Task<T> task;
  final long sequence;
  final LaneState lane;
  /** {@link Long#MAX_VALUE} for none. */
  final long deadline;
  private final CompletableFuture<T> future;

  // Guarded by the executor's lock
  State state = State.QUEUED;
  /** Whether it was not taken, and never ran. */
  boolean refused;
  int attempt;
  /** How long it has waited before this wait. */
  long waited;
  long queuedAt;
  long startedAt;
  @Nullable
  Thread thread;
  final List<Throwable> failures = new ArrayList<>();
  @Nullable
  ScheduledFuture<?> deadlineAlarm;
  @Nullable
  ScheduledFuture<?> alarm;

  /** @param cancelling is told when the future is about to be cancelled */
  Job(String id, long sequence, Task<T> task, LaneState lane, long now, long deadline, Consumer<Job<T>> cancelling) {
    this.future = new Result<>(() -> cancelling.accept(this));
    this.id = id;
    this.sequence = sequence;
    this.task = task;
    this.lane = lane;
    this.queuedAt = now;
    this.deadline = deadline;
  }

  /** Unique in the executor, and among executors by its prefix. */
  public String id() {
    return id;
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

  /** A future that first ends the task when it is cancelled, so that what follows from it finds the place free. */
  private static final class Result<T extends @Nullable Object> extends CompletableFuture<T> {

    private final Runnable cancelling;

    Result(Runnable cancelling) {
      this.cancelling = cancelling;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      cancelling.run();
      return super.cancel(mayInterruptIfRunning);
    }
  }

  @Override
  public String toString() {
    return "Job[" + id + ", " + task + " in " + lane() + "]";
  }
}
