package dev.memlane.storage.tasks;

import dev.memlane.lanes.LaneException;
import dev.memlane.model.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The ends of tasks. The executor decides them; here they are written down, and only then shown to those who wait. A task
 * whose end is not written down is left to the next process. Safe for use by several threads.
 */
final class TaskEnds {

  private static final System.Logger LOGGER = System.getLogger(TaskEnds.class.getName());
  /** How long a caller waits until the end that it reported is written down. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final LaneTasks tasks;
  private final TaskStore store;
  private final TaskWriter writer;
  private final InstantSource clock;
  private final Supplier<StoreException> closed;

  /** @param closed makes the failure of those who wait for a task that is left to the next process */
  TaskEnds(LaneTasks tasks, TaskStore store, TaskWriter writer, InstantSource clock, Supplier<StoreException> closed) {
    this.tasks = tasks;
    this.store = store;
    this.writer = writer;
    this.clock = clock;
    this.closed = closed;
  }

  /** Follows from the end of a task's job. */
  void jobEnded(LiveTask task, @Nullable String result, @Nullable Throwable failure) {
    switch (failure) {
      case null -> end(task, TaskState.DONE, result, task.now().failures());
      case CancellationException cancelled -> end(task, TaskState.CANCELLED, null, task.now().failures());
      case LaneException.ShutDown shutDown -> leave(task);
      case TaskFailures.ClosingException unbegun -> leave(task);
      // It becomes a dead letter, which has the failures of all attempts.
      default -> {
      }
    }
  }

  /**
   * Follows from the executor's dead letter of a task.
   *
   * @param failures of the attempts in this process
   */
  void failed(LiveTask task, List<String> failures) {
    end(task, TaskState.FAILED, null, Stream.concat(task.earlierFailures().stream(), failures.stream()).toList());
  }

  private void end(LiveTask task, TaskState state, @Nullable String result, List<String> failures) {
    Instant at = TaskStore.now(clock);
    LaneTask end = task.ended(state, result, TaskFailures.kept(failures), at);
    if (!task.isDurable() && state != TaskState.FAILED) {
      show(task, end);
      return;
    }
    boolean begun = writer.inBackground(() -> {
      try {
        boolean written = task.isDurable()
            ? writer.persist(() -> store.end(end.id(), state, result, end.failures(), at))
            : writer.persist(() -> store.add(TaskRow.unclaimed(end, store.runner(), null, null, null)));
        if (!written) {
          LOGGER.log(System.Logger.Level.WARNING, "{0} had ended before, or was removed", task);
        }
        show(task, end);
      } catch (StoreException e) {
        task.end().completeExceptionally(e);
        throw e;
      }
    }, task::toString);
    if (!begun) {
      leave(task);
    }
  }

  /** Shows the end of a task, which is written down. */
  private void show(LiveTask task, LaneTask end) {
    if (!task.isDurable()) {
      tasks.ended().add(task, end);
    }
    tasks.remove(task);
    tasks.lane(task.lane()).leave();
    task.end().complete(end);
  }

  /** Leaves a task to the next process. */
  void leave(LiveTask task) {
    task.end().completeExceptionally(closed.get());
  }

  /**
   * Waits until the end of a task, which is decided, is written down.
   *
   * @throws StoreException if it is not in time
   */
  static LaneTask await(LiveTask task) throws InterruptedException {
    return await(task, PATIENCE).orElseThrow(() -> new StoreException(
        "how the task ended is not written down yet, because the database does not answer; report it again", null));
  }

  /**
   * Waits until a task has ended; returns empty if it has not by then.
   *
   * @throws StoreException if its end can't be written down
   */
  static Optional<LaneTask> await(LiveTask task, Duration time) throws InterruptedException {
    try {
      return Optional.of(task.end().get(time.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      // It takes longer.
      return Optional.empty();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof StoreException known
          ? known.copy()
          : new StoreException("how the task ended could not be written down", e);
    }
  }
}
