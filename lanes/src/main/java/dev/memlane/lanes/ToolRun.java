package dev.memlane.lanes;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * One list of tool calls, on its way to its results.
 *
 * <p>
 * Everything but the tools is done by the caller's thread, which alone knows what waits for what: it hands calls over, runs
 * calls itself, and takes those that have ended from {@link #ended}, where their threads put them. So nothing here is shared
 * but that queue, and the units on it.
 */
final class ToolRun<A, R> {

  /** A call, and what it has to do with the others. */
  private static final class Call<A, R> {

    final ToolCall<A> asked;
    /** Null if there is no such tool; then there is a result. */
    final @Nullable Tool<A, R> tool;
    final Access access;
    /** How many calls have to end before it may begin. */
    int waitsFor;
    /** The calls that wait for this one to end. */
    final List<Call<A, R>> followers = new ArrayList<>(0);
    @Nullable
    ToolResult<R> result;

    Call(ToolCall<A> asked, @Nullable Tool<A, R> tool, Access access) {
      this.asked = asked;
      this.tool = tool;
      this.access = access;
    }

    void fail(Throwable failure) {
      result = new ToolResult.Failure<>(asked.id(), asked.tool(), failure);
    }
  }

  /** Calls that are one task: one call, or several of a batched tool. */
  private static final class Unit<A, R> {

    final List<Call<A, R>> calls;
    final Tool<A, R> tool;
    final Cost cost;
    @Nullable
    Job<Object> job;
    // Of the last attempt; zero if it did not run here.
    volatile long startedAt;
    volatile long endedAt;

    Unit(Tool<A, R> tool, Cost cost, List<Call<A, R>> calls) {
      this.tool = tool;
      this.cost = cost;
      this.calls = calls;
    }

    boolean isOutside() {
      return tool.work() instanceof Tool.Work.Outside;
    }

    Task<Object> task() {
      Tool.Work<A, R> work = tool.work();
      return work instanceof Tool.Work.Outside<A, R>(Class<R> type)
          ? new Task<>(null, type, calls.getFirst().asked.arguments(), tool.name(), tool.idempotent(), tool.within())
          : new Task<>(this::run, null, null, tool.name(), tool.idempotent(), tool.within());
    }

    private Object run() throws Exception {
      startedAt = System.nanoTime();
      try {
        return switch (tool.work()) {
          case Tool.Work.OneByOne<A, R>(Tool.Handler<A, R> handler) ->
            Objects.requireNonNull(handler.call(calls.getFirst().asked.arguments()),
                "a tool's result must not be null");
          case Tool.Work.Together<A, R>(Tool.BatchHandler<A, R> handler) ->
            results(handler.call(calls.stream().map(call -> call.asked.arguments()).toList()));
          case Tool.Work.Outside<A, R> outside -> throw new IllegalStateException(tool + " doesn't run here");
        };
      } finally {
        endedAt = System.nanoTime();
      }
    }

    /** How each call of a batch has ended. */
    private List<ToolResult<R>> results(List<Callable<R>> answers) {
      if (answers.size() != calls.size()) {
        throw new IllegalStateException(tool + " was given " + calls.size() + " calls and answered " + answers.size());
      }
      List<ToolResult<R>> results = new ArrayList<>(calls.size());
      for (int i = 0; i < calls.size(); i++) {
        results.add(result(calls.get(i).asked, answers.get(i)));
      }
      return results;
    }

    private static <A, R> ToolResult<R> result(ToolCall<A> asked, Callable<R> answer) {
      try {
        return new ToolResult.Success<>(asked.id(), asked.tool(), answer.call());
      } catch (Exception e) {
        // That is how an answer says that its call has failed.
        return new ToolResult.Failure<>(asked.id(), asked.tool(), e);
      }
    }
  }

  private final LaneExecutor lanes;
  private final Map<String, Tool<A, R>> tools;
  private final Costs costs;
  private final List<Call<A, R>> calls;
  private int left;
  /** Those that wait for none, and for which it is to be decided where they run. */
  private List<Call<A, R>> ready = new ArrayList<>();
  /** Those that run on this thread, one after the other. */
  private final Deque<Unit<A, R>> here = new ArrayDeque<>();
  private @Nullable Decision whyHere;
  private final List<Unit<A, R>> handedOver = new ArrayList<>(0);
  /** Of those that were handed over together last, and when that was. */
  private @Nullable Unit<A, R> firstHandedOver;
  private long handedOverAt;
  /** Holds each unit that was handed over once at most. */
  private final BlockingQueue<Unit<A, R>> ended = new LinkedBlockingQueue<>();

  ToolRun(LaneExecutor lanes, Map<String, Tool<A, R>> tools, Costs costs, List<ToolCall<A>> asked) {
    this.lanes = lanes;
    this.tools = tools;
    this.costs = costs;
    this.calls = new ArrayList<>(asked.size());
    asked.forEach(one -> calls.add(call(one)));
    findOrder();
  }

  private Call<A, R> call(ToolCall<A> asked) {
    Tool<A, R> tool = tools.get(asked.tool());
    if (tool == null) {
      Call<A, R> call = new Call<>(asked, null, Access.nothing());
      call.fail(new IllegalArgumentException(
          "there is no tool " + asked.tool() + "; there are " + String.join(", ", tools.keySet())));
      return call;
    }
    try {
      return new Call<>(asked, tool, tool.access(asked.arguments()));
    } catch (RuntimeException e) {
      // Such as for arguments that can't be read: what they are about nobody knows, so it isn't run.
      Call<A, R> call = new Call<>(asked, tool, Access.nothing());
      call.fail(e);
      return call;
    }
  }

  private void findOrder() {
    for (int later = 0; later < calls.size(); later++) {
      Call<A, R> call = calls.get(later);
      if (call.result != null) {
        continue;
      }
      for (int earlier = 0; earlier < later; earlier++) {
        if (calls.get(earlier).access.conflictsWith(call.access)) {
          calls.get(earlier).followers.add(call);
          call.waitsFor++;
        }
      }
      left++;
      if (call.waitsFor == 0) {
        ready.add(call);
      }
    }
  }

  List<ToolResult<R>> results() throws InterruptedException {
    try {
      while (left > 0) {
        step();
      }
    } finally {
      // There are none but if this thread was interrupted, or something has gone wrong.
      handedOver.forEach(unit -> Objects.requireNonNull(unit.job).cancel());
    }
    List<ToolResult<R>> results = new ArrayList<>(calls.size());
    for (Call<A, R> call : calls) {
      results.add(Objects.requireNonNull(call.result));
    }
    return results;
  }

  private void step() throws InterruptedException {
    if (!ready.isEmpty()) {
      decide();
    }
    Unit<A, R> mine = here.poll();
    if (mine != null) {
      if (Thread.interrupted()) {
        throw new InterruptedException("interrupted while tools were running");
      }
      runHere(mine);
    } else if (ended.isEmpty()) {
      Unit<A, R> awaited = ended.take();
      measureHandOver(awaited);
      settle(awaited);
    }
    for (Unit<A, R> unit = ended.poll(); unit != null; unit = ended.poll()) {
      settle(unit);
    }
  }

  // Where it runs

  private void decide() {
    List<Unit<A, R>> units = units();
    List<Unit<A, R>> outside = new ArrayList<>(0);
    List<Unit<A, R>> tooLong = new ArrayList<>(0);
    List<Unit<A, R>> quick = new ArrayList<>(units.size());
    for (Unit<A, R> unit : units) {
      (unit.isOutside() ? outside : costs.isShort(unit.cost) ? quick : tooLong).add(unit);
    }
    handOver(outside, costs.forOutside(outside.size()));
    handOver(tooLong, costs.forLong(costsOf(tooLong)));
    if (!quick.isEmpty()) {
      Decision decision = costs.forShort(costsOf(quick));
      if (decision.parallel()) {
        handOver(quick, decision);
      } else {
        whyHere = decision;
        here.addAll(quick);
      }
    }
  }

  /** The calls that are ready, those of a batched tool together. */
  private List<Unit<A, R>> units() {
    List<Unit<A, R>> units = new ArrayList<>(ready.size());
    Map<String, Unit<A, R>> batched = new HashMap<>(0);
    for (Call<A, R> call : ready) {
      Tool<A, R> tool = Objects.requireNonNull(call.tool);
      Unit<A, R> batch = batched.get(tool.name());
      if (batch != null) {
        batch.calls.add(call);
        continue;
      }
      Unit<A, R> unit = new Unit<>(tool, costs.of(tool.name()), new ArrayList<>(1));
      unit.calls.add(call);
      units.add(unit);
      if (tool.work() instanceof Tool.Work.Together) {
        batched.put(tool.name(), unit);
      }
    }
    ready.clear();
    return units;
  }

  private List<Cost> costsOf(List<Unit<A, R>> units) {
    List<Cost> all = new ArrayList<>(units.size());
    for (Unit<A, R> unit : units) {
      for (int i = 0; i < unit.calls.size(); i++) {
        all.add(unit.cost);
      }
    }
    return all;
  }

  private void handOver(List<Unit<A, R>> units, Decision decision) {
    if (units.isEmpty()) {
      return;
    }
    firstHandedOver = units.getFirst();
    handedOverAt = System.nanoTime();
    Map<String, List<Unit<A, R>>> byLane = new LinkedHashMap<>();
    units.forEach(unit -> byLane.computeIfAbsent(unit.tool.lane(), lane -> new ArrayList<>()).add(unit));
    byLane.forEach((lane, ofLane) -> {
      Batch<Object> batch = lanes.submitAll(lane, ofLane.stream().map(Unit::task).toList(), decision);
      for (int i = 0; i < ofLane.size(); i++) {
        await(ofLane.get(i), batch.jobs().get(i));
      }
    });
  }

  private void await(Unit<A, R> unit, Job<Object> job) {
    unit.job = job;
    handedOver.add(unit);
    var unused = job.future().whenComplete((result, failure) -> ended.add(unit));
  }

  private void runHere(Unit<A, R> unit) {
    Job<Object> job = lanes.runHere(unit.tool.lane(), unit.task(), Objects.requireNonNull(whyHere));
    if (!job.future().isDone()) {
      // Its lane had no place, or it is to be tried again.
      await(unit, job);
      return;
    }
    unit.job = job;
    settle(unit);
    if (!costs.isShort(unit.cost)) {
      // Things have changed, and those that were to follow it here may be better off elsewhere.
      here.forEach(one -> ready.addAll(one.calls));
      here.clear();
    }
  }

  /** What was lost until the first of them began, and since the last has ended. */
  private void measureHandOver(Unit<A, R> awaited) {
    Unit<A, R> first = firstHandedOver;
    if (handedOver.size() == 1 && first != null && first.startedAt != 0 && awaited.endedAt != 0) {
      long beforeAndAfter = first.startedAt - handedOverAt + System.nanoTime() - awaited.endedAt;
      costs.handOver().add((double) beforeAndAfter);
    }
  }

  // What comes of it

  private void settle(Unit<A, R> unit) {
    handedOver.remove(unit);
    if (unit.startedAt != 0) {
      unit.cost.add((double) (unit.endedAt - unit.startedAt) / unit.calls.size());
    }
    CompletableFuture<Object> future = Objects.requireNonNull(unit.job).future();
    Throwable failure = future.isCompletedExceptionally() ? future.exceptionNow() : null;
    for (int i = 0; i < unit.calls.size(); i++) {
      Call<A, R> call = unit.calls.get(i);
      if (failure != null) {
        call.fail(failure);
      } else {
        call.result = result(unit, i, future.resultNow());
      }
      left--;
      for (Call<A, R> follower : call.followers) {
        if (--follower.waitsFor == 0) {
          ready.add(follower);
        }
      }
    }
  }

  /** What {@link Unit#task} answers is either what its tool says, or for a batched tool how each call ended. */
  @SuppressWarnings("unchecked")
  private static <A, R> ToolResult<R> result(Unit<A, R> unit, int index, Object answer) {
    if (unit.tool.work() instanceof Tool.Work.Together) {
      return ((List<ToolResult<R>>) answer).get(index);
    }
    ToolCall<A> asked = unit.calls.getFirst().asked;
    return new ToolResult.Success<>(asked.id(), asked.tool(), (R) answer);
  }
}
