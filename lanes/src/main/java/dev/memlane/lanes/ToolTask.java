package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * The task that carries out calls of one tool, with its timing. It holds nothing of the other calls of its list,
 * because it may be kept in a dead letter. Safe for use by several threads.
 */
final class ToolTask<A, R> {

  private final Tool<A, R> tool;
  private final List<ToolCall<A>> calls;
  /** The start of the latest attempt; zero before the first. */
  private volatile long startedAt;
  /** The timing of the attempt that ended last. */
  private volatile @Nullable Timing timing;
  /** The results of the calls in the last attempt of which all calls failed. */
  private volatile @Nullable List<ToolResult<R>> failed;

  /** @param calls one call, or several calls of a batched tool */
  ToolTask(Tool<A, R> tool, List<ToolCall<A>> calls) {
    this.tool = tool;
    this.calls = calls;
  }

  /**
   * The task. Its result is that of the tool, or a {@link ToolResult.Failure}; for a batched tool it is a list of
   * {@link ToolResult}s, one for each call.
   */
  Task<Object> task() {
    return tool.work() instanceof Tool.Work.External<A, R>(Class<R> type)
        ? new Task<>(null, type, calls.getFirst().arguments(), tool.name(), tool.idempotent(), tool.within())
        : new Task<>(this::run, null, null, tool.name(), tool.idempotent(), tool.within());
  }

  @Nullable
  Timing timing() {
    return timing;
  }

  /** How long the last attempt took, or has taken so far; not positive if none has begun in this process. */
  double nanosSoFar() {
    Timing ended = timing;
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
        case Tool.Work.Single<A, R>(Tool.Handler<A, R> handler) -> one(handler, calls.getFirst());
        case Tool.Work.Batched<A, R>(Tool.BatchHandler<A, R> handler) ->
          results(handler.call(calls.stream().map(ToolCall::arguments).toList()));
        case Tool.Work.External<A, R> external ->
          throw new IllegalStateException(tool + " does not run in this process");
      };
    } finally {
      timing = new Timing(started, System.nanoTime());
    }
  }

  /** The result itself, or a {@link ToolResult.Failure} if the call cannot be carried out as requested. */
  private static <A, R> Object one(Tool.Handler<A, R> handler, ToolCall<A> call) throws Exception {
    try {
      return Objects.requireNonNull(handler.call(call.arguments()), "a tool's result must not be null");
    } catch (ToolException e) {
      // The task has succeeded: this is its result.
      return new ToolResult.Failure<R>(call.id(), call.tool(), e);
    }
  }

  private List<ToolResult<R>> results(List<Callable<R>> answers) throws Exception {
    if (answers.size() != calls.size()) {
      throw new IllegalStateException(
          tool + " was given " + calls.size() + " calls and returned " + answers.size() + " answers");
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

  /** The results of the calls, if the task has failed with this failure because all calls failed; null otherwise. */
  @SuppressWarnings("ReferenceEquality") // The failure of another attempt may be equal.
  @Nullable
  List<ToolResult<R>> resultsOf(Throwable failure) {
    List<ToolResult<R>> results = failed;
    return results != null && failure == failureOfAll(results) ? results : null;
  }

  /**
   * The failure of the first call, if all calls failed, and none of them by a {@link ToolException}; null otherwise.
   */
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
      // An interrupt ends the whole batch.
      throw e;
    } catch (Throwable e) {
      // By throwing, an answer says that its call has failed.
      return new ToolResult.Failure<>(call.id(), call.tool(), e);
    }
  }
}
