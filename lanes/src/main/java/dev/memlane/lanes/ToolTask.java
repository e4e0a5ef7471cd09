package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * What a tool does with the calls that it is given, and how long that takes. It knows nothing of the other calls of its list:
 * it is kept if it becomes a dead letter. Safe for use by several threads.
 */
final class ToolTask<A, R> {

  private final Tool<A, R> tool;
  private final List<ToolCall<A>> calls;
  /** Of the attempt that began last; zero before the first. */
  private volatile long startedAt;
  /** The one that ended last. */
  private volatile @Nullable Attempt attempt;
  /** How the calls ended in the attempt that failed last because all of them did. */
  private volatile @Nullable List<ToolResult<R>> failed;

  /** @param calls one, but for a batched tool */
  ToolTask(Tool<A, R> tool, List<ToolCall<A>> calls) {
    this.tool = tool;
    this.calls = calls;
  }

  /**
   * Answers what the tool does, or a {@link ToolResult.Failure}; or for a batched tool a list of {@link ToolResult}s, one for
   * each call.
   */
  Task<Object> task() {
    return tool.work() instanceof Tool.Work.Outside<A, R>(Class<R> type)
        ? new Task<>(null, type, calls.getFirst().arguments(), tool.name(), tool.idempotent(), tool.within())
        : new Task<>(this::run, null, null, tool.name(), tool.idempotent(), tool.within());
  }

  @Nullable
  Attempt attempt() {
    return attempt;
  }

  /** How long the last attempt took, or has been taking; not more than zero if none has begun here. */
  double nanosSoFar() {
    Attempt ended = attempt;
    long started = startedAt;
    if (ended != null && ended.startedAt() == started) {
      return ended.nanos();
    }
    return started == 0 ? 0 : System.nanoTime() - started;
  }

  private Object run() throws Exception {
    long started = System.nanoTime();
    startedAt = started;
    try {
      return switch (tool.work()) {
        case Tool.Work.OneByOne<A, R>(Tool.Handler<A, R> handler) -> one(handler, calls.getFirst());
        case Tool.Work.Together<A, R>(Tool.BatchHandler<A, R> handler) ->
          results(handler.call(calls.stream().map(ToolCall::arguments).toList()));
        case Tool.Work.Outside<A, R> outside -> throw new IllegalStateException(tool + " doesn't run here");
      };
    } finally {
      attempt = new Attempt(started, System.nanoTime());
    }
  }

  /** The result itself, or a {@link ToolResult.Failure} if it can't be done as it was asked. */
  private static <A, R> Object one(Tool.Handler<A, R> handler, ToolCall<A> call) throws Exception {
    try {
      return Objects.requireNonNull(handler.call(call.arguments()), "a tool's result must not be null");
    } catch (ToolException e) {
      // The task has been done: this is its answer.
      return new ToolResult.Failure<R>(call.id(), call.tool(), e);
    }
  }

  private List<ToolResult<R>> results(List<Callable<R>> answers) throws Exception {
    if (answers.size() != calls.size()) {
      throw new IllegalStateException(tool + " was given " + calls.size() + " calls and answered " + answers.size());
    }
    List<ToolResult<R>> results = new ArrayList<>(calls.size());
    for (int i = 0; i < calls.size(); i++) {
      results.add(result(calls.get(i), answers.get(i)));
    }
    Throwable failure = failureOfAll(results);
    if (failure == null) {
      return results;
    }
    failed = results;
    switch (failure) {
      case Exception exception -> throw exception;
      case Error error -> throw error;
      default -> throw new IllegalStateException(failure);
    }
  }

  /** How each call ended, if this is how the task did because all of them failed; null otherwise. */
  @SuppressWarnings("ReferenceEquality") // That of another attempt may be equal.
  @Nullable
  List<ToolResult<R>> failedWith(Throwable failure) {
    List<ToolResult<R>> results = failed;
    return results != null && failure == failureOfAll(results) ? results : null;
  }

  /** What the first failed with, if nothing was done, and that not because it was asked in a way that can't be done. */
  private static <R> @Nullable Throwable failureOfAll(List<ToolResult<R>> results) {
    Throwable first = null;
    for (ToolResult<R> result : results) {
      if (!(result instanceof ToolResult.Failure<R> failure) || failure.failure() instanceof ToolException) {
        return null;
      }
      first = first == null ? failure.failure() : first;
    }
    return first;
  }

  private static <A, R> ToolResult<R> result(ToolCall<A> call, Callable<R> answer) throws InterruptedException {
    try {
      return new ToolResult.Success<>(call.id(), call.tool(),
          Objects.requireNonNull(answer.call(), "a tool's result must not be null"));
    } catch (InterruptedException e) {
      // That ends the whole batch.
      throw e;
    } catch (Throwable e) {
      // That is how an answer says that its call has failed.
      return new ToolResult.Failure<>(call.id(), call.tool(), e);
    }
  }
}
