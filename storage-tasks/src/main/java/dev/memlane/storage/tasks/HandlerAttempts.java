package dev.memlane.storage.tasks;

import dev.memlane.lanes.Job;
import dev.memlane.model.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The attempts that handlers in this process make. That an attempt begins is written down before the handler is called. Safe
 * for use by several threads.
 */
final class HandlerAttempts {

  private static final System.Logger LOGGER = System.getLogger(HandlerAttempts.class.getName());

  private final Map<String, TaskHandler> handlers;
  private final TaskStore store;
  private final TaskWriter writer;
  private final InstantSource clock;
  private final Underway underway = new Underway();

  /** @param handlers by the names of their tasks */
  HandlerAttempts(Map<String, TaskHandler> handlers, TaskStore store, TaskWriter writer, InstantSource clock) {
    this.handlers = Map.copyOf(handlers);
    this.store = store;
    this.writer = writer;
    this.clock = clock;
  }

  /** The handler of a task; null if workers outside do it. */
  @Nullable
  TaskHandler handler(LiveTask task) {
    return handlers.get(task.name());
  }

  /** Attempts a task, as the executor's work. */
  String run(LiveTask task, TaskHandler handler) throws Exception {
    if (!underway.enter()) {
      throw new TaskFailures.ClosingException();
    }
    boolean isLast = false;
    try {
      int number = task.nextAttempt();
      Instant at = TaskStore.now(clock);
      if (task.isDurable() && !begin(task, number, at)) {
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
        attemptFailed(task, number, TaskFailures.describe(e));
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
      var unused = job.future().whenComplete((result, failure) -> underway.leave());
    } else {
      underway.leave();
    }
  }

  /** Writes down that an attempt begins; returns false if the task has ended. */
  private boolean begin(LiveTask task, int number, Instant at) throws InterruptedException {
    try {
      return writer.persist(() -> store.start(task.id(), number, null, null, at));
    } catch (StoreException e) {
      // Nothing has run, and nothing will: the next process goes on.
      throw new TaskFailures.ClosingException();
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

  /** Begins no more attempts, and waits for those under way, at most this long. */
  void close(Duration patience) throws InterruptedException {
    underway.close(patience);
  }
}
