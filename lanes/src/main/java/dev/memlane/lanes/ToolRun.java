package dev.memlane.lanes;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * One list of tool calls, on its way to its results.
 *
 * <p>
 * The caller's thread does everything except run the tools that it hands over. It alone knows which call waits for
 * which, hands call groups over to the lanes, runs groups itself, and takes the groups that have ended from
 * {@link #completed}, where their threads put them. So nothing here is shared, except that queue and the outcome of
 * the groups in it.
 */
final class ToolRun<A, R> {

  private final JobIntake intake;
  private final CostModel costs;
  private final List<PlannedCall<A, R>> calls;
  /** How many calls have no result. */
  private int left;
  /** The calls that wait for no other, and for which no decision has been made where they run. */
  private final List<PlannedCall<A, R>> ready = new ArrayList<>();
  /** The groups that run on this thread, one after the other. */
  private final Deque<CallGroup<A, R>> here = new ArrayDeque<>();
  private @Nullable Decision whyHere;
  private final List<CallGroup<A, R>> handedOver = new ArrayList<>(0);
  private final HandOverMeter<A, R> handOverMeter;
  /** Holds each group that was handed over at most once. */
  private final CompletionQueue<CallGroup<A, R>> completed = new CompletionQueue<>();

  ToolRun(JobIntake intake, Map<String, Tool<A, R>> tools, CostModel costs, List<ToolCall<A>> requests) {
    this.intake = intake;
    this.costs = costs;
    this.handOverMeter = new HandOverMeter<>(costs);
    this.calls = new ArrayList<>(requests.size());
    requests.forEach(request -> calls.add(PlannedCall.of(request, tools)));
    PlannedCall.order(calls);
    for (PlannedCall<A, R> call : calls) {
      if (call.result == null) {
        left++;
        if (call.waitsFor == 0) {
          ready.add(call);
        }
      }
    }
  }

  List<ToolResult<R>> results() throws InterruptedException {
    try {
      while (left > 0) {
        step();
      }
    } finally {
      // None are left unless this thread was interrupted, or something failed. The last first: a permit that is returned
      // would start the next one.
      handedOver.reversed().forEach(group -> group.job().cancel());
    }
    List<ToolResult<R>> results = new ArrayList<>(calls.size());
    for (PlannedCall<A, R> call : calls) {
      results.add(Objects.requireNonNull(call.result));
    }
    return results;
  }

  private void step() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("interrupted while tools were running");
    }
    if (!ready.isEmpty()) {
      decide();
    }
    CallGroup<A, R> own = here.poll();
    boolean waited = false;
    if (own != null) {
      runHere(own);
    } else if (completed.isEmpty()) {
      completed.await(isFollowed() ? 1 : handedOver.size());
      waited = true;
    }
    for (CallGroup<A, R> group = completed.poll(); group != null; group = completed.poll()) {
      if (waited && handedOver.size() == 1) {
        handOverMeter.stop(group);
      }
      finish(group);
    }
  }

  /** Whether a call waits for one that was handed over. */
  private boolean isFollowed() {
    for (CallGroup<A, R> group : handedOver) {
      if (group.isFollowed()) {
        return true;
      }
    }
    return false;
  }

  // The decision where calls run

  private void decide() {
    List<CallGroup<A, R>> groups = groups();
    if (groups.size() == 1 && here.isEmpty() && handedOver.isEmpty() && isBetterHere(groups.getFirst())) {
      whyHere = costs.forOneAlone(groups.getFirst().expected());
      here.add(groups.getFirst());
      return;
    }
    List<CallGroup<A, R>> external = new ArrayList<>(0);
    List<CallGroup<A, R>> slow = new ArrayList<>(0);
    List<CallGroup<A, R>> quick = new ArrayList<>(groups.size());
    for (CallGroup<A, R> group : groups) {
      (group.isExternal() ? external : group.isShort(costs) ? quick : slow).add(group);
    }
    handOver(external, costs.forExternal(external.size()));
    handOverSlow(slow);
    if (!quick.isEmpty()) {
      Decision decision = costs.forShort(each(quick, CallGroup::expected),
          each(quick, CallGroup::expectedNextToOthers));
      if (decision.parallel()) {
        handOver(quick, decision);
        if (handedOver.size() == quick.size()) {
          handOverMeter.sharedByProcessors();
        }
      } else {
        quick.forEach(group -> group.cost.forgetInterference());
        whyHere = decision;
        here.addAll(quick);
      }
    }
  }

  /**
   * A loop, not a stream: groups that were handed over wait for this thread, and code that runs rarely is not
   * compiled.
   */
  static <G> double[] each(List<G> groups, ToDoubleFunction<G> function) {
    double[] each = new double[groups.size()];
    for (int i = 0; i < each.length; i++) {
      each[i] = function.applyAsDouble(groups.get(i));
    }
    return each;
  }

  /** Whether handing over a single group would only cost time. */
  private boolean isBetterHere(CallGroup<A, R> alone) {
    return !alone.isExternal() && costs.isShortAlone(alone.cost, alone.calls.size());
  }

  /** Groups the calls that are ready: the calls of a batched tool together, each other call alone. */
  private List<CallGroup<A, R>> groups() {
    List<CallGroup<A, R>> groups = new ArrayList<>(ready.size());
    Map<String, CallGroup<A, R>> batches = new HashMap<>(0);
    for (PlannedCall<A, R> call : ready) {
      Tool<A, R> tool = Objects.requireNonNull(call.tool);
      CallGroup<A, R> batch = batches.get(tool.name());
      if (batch != null) {
        batch.calls.add(call);
        continue;
      }
      CallGroup<A, R> group = new CallGroup<>(tool, costs.of(tool.name()));
      group.calls.add(call);
      groups.add(group);
      if (tool.work() instanceof Tool.Work.Batched) {
        batches.put(tool.name(), group);
      }
    }
    ready.clear();
    return groups;
  }

  // Running

  private void handOverSlow(List<CallGroup<A, R>> groups) {
    if (!groups.isEmpty()) {
      handOver(groups, costs.forLong(each(groups, CallGroup::expected)));
    }
  }

  private void handOver(List<CallGroup<A, R>> groups, Decision decision) {
    if (groups.isEmpty()) {
      return;
    }
    boolean nextToOthers = groups.size() + handedOver.size() > 1;
    groups.forEach(group -> group.runsNextToOthers = nextToOthers);
    handOverMeter.start(groups);
    for (List<CallGroup<A, R>> rest = groups; !rest.isEmpty();) {
      String lane = rest.getFirst().tool.lane();
      List<CallGroup<A, R>> ofLane = new ArrayList<>(rest.size());
      List<CallGroup<A, R>> others = new ArrayList<>(0);
      for (CallGroup<A, R> group : rest) {
        (group.tool.lane().equals(lane) ? ofLane : others).add(group);
      }
      submit(lane, ofLane, decision);
      rest = others;
    }
  }

  private void submit(String lane, List<CallGroup<A, R>> groups, Decision decision) {
    List<Task<Object>> tasks = new ArrayList<>(groups.size());
    for (CallGroup<A, R> group : groups) {
      tasks.add(group.newTask());
    }
    List<Job<Object>> jobs = intake.submitAll(lane, tasks, decision);
    for (int i = 0; i < groups.size(); i++) {
      await(groups.get(i), jobs.get(i));
    }
  }

  private void await(CallGroup<A, R> group, Job<Object> job) {
    group.submitted(job);
    handedOver.add(group);
    var unused = job.future().whenComplete((value, failure) -> {
      group.ended(value, failure);
      completed.add(group);
    });
  }

  private void runHere(CallGroup<A, R> group) {
    handOverMeter.cancel();
    Job<Object> job = intake.runHere(group.tool.lane(), group.newTask(), Objects.requireNonNull(whyHere));
    if (!job.future().isDone()) {
      // Its lane had no free permit, or it is retried.
      await(group, job);
      return;
    }
    group.submitted(job);
    var unused = job.future().whenComplete(group::ended);
    finish(group);
    Timing timing = group.timing();
    boolean goesOn = !Thread.currentThread().isInterrupted();
    if (goesOn && timing != null && costs.isLong((double) timing.nanos())) {
      // The tool has become slower, so the groups that were to follow on this thread are better off elsewhere.
      List<CallGroup<A, R>> rest = List.copyOf(here);
      here.clear();
      handOverSlow(rest);
    }
  }

  // Results

  private void finish(CallGroup<A, R> group) {
    handedOver.remove(group);
    group.measure();
    group.setResults();
    for (PlannedCall<A, R> call : group.calls) {
      left--;
      for (PlannedCall<A, R> follower : call.followers) {
        if (--follower.waitsFor == 0) {
          ready.add(follower);
        }
      }
    }
  }
}
