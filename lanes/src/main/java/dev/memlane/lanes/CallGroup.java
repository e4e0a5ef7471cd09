package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The calls that are one task: one call, or several calls of a batched tool. Used by the thread of its
 * {@link ToolRun}; other threads only set its outcome.
 */
final class CallGroup<A, R> {

  final Tool<A, R> tool;
  final ToolCost cost;
  final List<PlannedCall<A, R>> calls = new ArrayList<>(1);
  /** Whether other groups were handed over that may run at the same time. */
  boolean runsNextToOthers;
  private @Nullable Job<Object> job;
  private @Nullable ToolTask<A, R> work;
  // Written before the group is put into the queue of completed groups
  private @Nullable Object value;
  private @Nullable Throwable failure;

  CallGroup(Tool<A, R> tool, ToolCost cost) {
    this.tool = tool;
    this.cost = cost;
  }

  boolean isExternal() {
    return tool.work() instanceof Tool.Work.External;
  }

  boolean isShort(CostModel costs) {
    return costs.isShort(cost, calls.size());
  }

  /** The expected duration in nanoseconds if nothing else runs. */
  double expected() {
    return cost.alone().mean() * calls.size();
  }

  /** The expected duration in nanoseconds if other calls run at the same time. */
  double expectedNextToOthers() {
    return cost.nextToOthers().mean() * calls.size();
  }

  /** Whether another call waits for one of these. */
  boolean isFollowed() {
    for (PlannedCall<A, R> call : calls) {
      if (!call.followers.isEmpty()) {
        return true;
      }
    }
    return false;
  }

  // Running

  Task<Object> newTask() {
    List<ToolCall<A>> requests = new ArrayList<>(calls.size());
    calls.forEach(call -> requests.add(call.request));
    ToolTask<A, R> task = new ToolTask<>(tool, requests);
    work = task;
    return task.task();
  }

  void submitted(Job<Object> submitted) {
    job = submitted;
  }

  Job<Object> job() {
    return Objects.requireNonNull(job, "job");
  }

  void ended(@Nullable Object withValue, @Nullable Throwable withFailure) {
    value = withValue;
    failure = withFailure;
  }

  // Measuring

  /** The timing of the last attempt in this process that has ended; null if there is none. */
  @Nullable
  Timing timing() {
    return work == null ? null : work.timing();
  }

  /** How long its last attempt took, or has taken so far; not positive if none has begun in this process. */
  double nanosSoFar() {
    return work == null ? 0 : work.nanosSoFar();
  }

  /** Whether its first attempt began without waiting for a permit. */
  boolean beganAtOnce() {
    return job().attempt() == 1 && job().waited == 0;
  }

  /** Learns the cost of the tool from how long this group took. */
  void measure() {
    double nanos = nanosSoFar();
    if (nanos <= 0) {
      return;
    }
    // After a time-out it has taken at least what was allowed, by the executor's clock.
    double took = failure instanceof LaneException.TimedOut ? Math.max(nanos, nanosAllowed()) : nanos;
    if (runsNextToOthers) {
      cost.addNextToOthers(took / calls.size());
    } else {
      cost.addAlone(took / calls.size());
    }
  }

  /** The least duration of an attempt that timed out; 0 if the tool has a deadline, before which it may have waited. */
  private double nanosAllowed() {
    return tool.within() == null ? Alarms.nanos(job().lane.lane.timeout()) : 0;
  }

  // Results

  /** Sets the results of the calls, once the group has ended. */
  void setResults() {
    List<ToolResult<R>> failures = failure == null || work == null ? null : work.resultsOf(failure);
    for (int i = 0; i < calls.size(); i++) {
      PlannedCall<A, R> call = calls.get(i);
      if (failures != null) {
        call.result = failures.get(i);
      } else if (failure != null) {
        call.fail(failure);
      } else {
        call.result = result(call.request, i, Objects.requireNonNull(value));
      }
    }
  }

  /** The value is that of {@link ToolTask#task}. */
  @SuppressWarnings("unchecked")
  private ToolResult<R> result(ToolCall<A> request, int index, Object ofTask) {
    if (tool.work() instanceof Tool.Work.Batched) {
      return ((List<ToolResult<R>>) ofTask).get(index);
    }
    if (ofTask instanceof ToolResult.Failure) {
      return (ToolResult<R>) ofTask;
    }
    return new ToolResult.Success<>(request.id(), request.tool(), (R) ofTask);
  }
}
