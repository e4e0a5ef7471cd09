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

    final Tool<A, R> tool;
    final ToolCost cost;
    final List<Call<A, R>> calls = new ArrayList<>(1);
    /** Whether others were handed over that may run at the same time. */
    boolean isBesideOthers;
    @Nullable
    Job<Object> job;
    @Nullable
    ToolTask<A, R> work;
    // Written before it is put into the queue of those that have ended.
    @Nullable
    Object answer;
    @Nullable
    Throwable failure;

    Unit(Tool<A, R> tool, ToolCost cost) {
      this.tool = tool;
      this.cost = cost;
    }

    boolean isOutside() {
      return tool.work() instanceof Tool.Work.Outside;
    }

    boolean isShort(Costs costs) {
      return costs.isShort(cost, calls.size());
    }

    double expected() {
      return cost.alone().mean() * calls.size();
    }

    double expectedBesideOthers() {
      return cost.beside().mean() * calls.size();
    }

    void measured(double nanos) {
      if (isBesideOthers) {
        cost.addBeside(nanos / calls.size());
      } else {
        cost.addAlone(nanos / calls.size());
      }
    }

    Task<Object> task() {
      List<ToolCall<A>> asked = new ArrayList<>(calls.size());
      calls.forEach(call -> asked.add(call.asked));
      ToolTask<A, R> task = new ToolTask<>(tool, asked);
      work = task;
      return task.task();
    }

    @Nullable
    Attempt attempt() {
      return work == null ? null : work.attempt();
    }

    /** How each call has failed, if all of a batch have. */
    @Nullable
    List<ToolResult<R>> failed() {
      return failure == null || work == null ? null : work.failedWith(failure);
    }

    /** What one that has taken too long has taken at least, by the executor's clock. */
    double nanosAllowed() {
      // Until a deadline it may have waited.
      return tool.within() == null ? Alarms.nanos(Objects.requireNonNull(job).lane.lane.timeout()) : 0;
    }

    /** Not more than zero if it has not begun here. */
    double nanosSoFar() {
      return work == null ? 0 : work.nanosSoFar();
    }
  }

  private static final int LONGEST_SHOWN = 60;

  private final LaneExecutor lanes;
  private final Map<String, Tool<A, R>> tools;
  private final Costs costs;
  private final List<Call<A, R>> calls;
  private int left;
  /** Those that wait for none, and for which it is to be decided where they run. */
  private final List<Call<A, R>> ready = new ArrayList<>();
  /** Those that run on this thread, one after the other. */
  private final Deque<Unit<A, R>> here = new ArrayDeque<>();
  private @Nullable Decision whyHere;
  private final List<Unit<A, R>> handedOver = new ArrayList<>(0);
  /** Those that were handed over together last, and when that was; none once it has been measured. */
  private List<Unit<A, R>> together = List.of();
  private long handedOverAt;
  /** Whether all that was handed over was, for the processors to share it. */
  private boolean isShared;
  /** Holds each unit that was handed over once at most. */
  private final CompletionQueue<Unit<A, R>> ended = new CompletionQueue<>();

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
      call.fail(new LaneException.UnknownTool(
          "there is no tool " + shown(asked.tool()) + "; there are " + String.join(", ", tools.keySet())));
      return call;
    }
    try {
      return new Call<>(asked, tool,
          Objects.requireNonNull(tool.access(asked.arguments()), "a tool's access must not be null"));
    } catch (Throwable e) {
      // Whatever it is, such as for arguments that can't be read: what they are about nobody knows, so it isn't run.
      Call<A, R> call = new Call<>(asked, tool, Access.nothing());
      call.fail(e);
      return call;
    }
  }

  /** A model's own word, which may be of any length. */
  private static String shown(String name) {
    return name.length() <= LONGEST_SHOWN ? name : name.substring(0, LONGEST_SHOWN) + "...";
  }

  private void findOrder() {
    for (int later = 0; later < calls.size(); later++) {
      Call<A, R> call = calls.get(later);
      if (call.result != null) {
        continue;
      }
      boolean barred = false;
      for (int before = later - 1; before >= 0 && !barred; before--) {
        Call<A, R> earlier = calls.get(before);
        if (earlier.access.conflictsWith(call.access)) {
          earlier.followers.add(call);
          call.waitsFor++;
          // It waits for all that come before it.
          barred = earlier.access.isEverything();
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
      // There are none but if this thread was interrupted, or something has gone wrong. The last first: a place that is given
      // back would start the next one.
      handedOver.reversed().forEach(unit -> Objects.requireNonNull(unit.job).cancel());
    }
    List<ToolResult<R>> results = new ArrayList<>(calls.size());
    for (Call<A, R> call : calls) {
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
    Unit<A, R> mine = here.poll();
    boolean waited = false;
    if (mine != null) {
      runHere(mine);
    } else if (ended.isEmpty()) {
      ended.await(isFollowed() ? 1 : handedOver.size());
      waited = true;
    }
    for (Unit<A, R> unit = ended.poll(); unit != null; unit = ended.poll()) {
      if (waited && handedOver.size() == 1) {
        measureHandOver(unit);
      }
      settle(unit);
    }
  }

  /** Whether a call waits for one that was handed over. */
  private boolean isFollowed() {
    for (Unit<A, R> unit : handedOver) {
      for (Call<A, R> call : unit.calls) {
        if (!call.followers.isEmpty()) {
          return true;
        }
      }
    }
    return false;
  }

  // Where it runs

  private void decide() {
    List<Unit<A, R>> units = units();
    if (units.size() == 1 && here.isEmpty() && handedOver.isEmpty() && isBetterHere(units.getFirst())) {
      whyHere = costs.forOneAlone(units.getFirst().expected());
      here.add(units.getFirst());
      return;
    }
    List<Unit<A, R>> outside = new ArrayList<>(0);
    List<Unit<A, R>> tooLong = new ArrayList<>(0);
    List<Unit<A, R>> quick = new ArrayList<>(units.size());
    for (Unit<A, R> unit : units) {
      (unit.isOutside() ? outside : unit.isShort(costs) ? quick : tooLong).add(unit);
    }
    handOver(outside, costs.forOutside(outside.size()));
    handOverLong(tooLong);
    if (!quick.isEmpty()) {
      Decision decision = costs.forShort(each(quick, Unit::expected), each(quick, Unit::expectedBesideOthers));
      if (decision.parallel()) {
        handOver(quick, decision);
        isShared = handedOver.size() == quick.size();
      } else {
        quick.forEach(unit -> unit.cost.forgetBeside());
        whyHere = decision;
        here.addAll(quick);
      }
    }
  }

  /** A loop, not a stream: what is handed over waits for what is done here, and code that runs rarely is cold. */
  private static <U> double[] each(List<U> units, ToDoubleFunction<U> what) {
    double[] each = new double[units.size()];
    for (int i = 0; i < each.length; i++) {
      each[i] = what.applyAsDouble(units.get(i));
    }
    return each;
  }

  /** Whether one that is alone is handed over for nothing. */
  private boolean isBetterHere(Unit<A, R> alone) {
    return !alone.isOutside() && costs.isShortAlone(alone.cost, alone.calls.size());
  }

  private void handOverLong(List<Unit<A, R>> units) {
    if (!units.isEmpty()) {
      handOver(units, costs.forLong(each(units, Unit::expected)));
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
      Unit<A, R> unit = new Unit<>(tool, costs.of(tool.name()));
      unit.calls.add(call);
      units.add(unit);
      if (tool.work() instanceof Tool.Work.Together) {
        batched.put(tool.name(), unit);
      }
    }
    ready.clear();
    return units;
  }

  private void handOver(List<Unit<A, R>> units, Decision decision) {
    if (units.isEmpty()) {
      return;
    }
    boolean besideOthers = units.size() + handedOver.size() > 1;
    units.forEach(unit -> unit.isBesideOthers = besideOthers);
    together = units;
    handedOverAt = System.nanoTime();
    isShared = false;
    for (List<Unit<A, R>> left = units; !left.isEmpty();) {
      String lane = left.getFirst().tool.lane();
      List<Unit<A, R>> ofLane = new ArrayList<>(left.size());
      List<Unit<A, R>> others = new ArrayList<>(0);
      for (Unit<A, R> unit : left) {
        (unit.tool.lane().equals(lane) ? ofLane : others).add(unit);
      }
      submit(lane, ofLane, decision);
      left = others;
    }
  }

  private void submit(String lane, List<Unit<A, R>> units, Decision decision) {
    List<Task<Object>> tasks = new ArrayList<>(units.size());
    for (Unit<A, R> unit : units) {
      tasks.add(unit.task());
    }
    List<Job<Object>> jobs = lanes.submitAll(lane, tasks, decision).jobs();
    for (int i = 0; i < units.size(); i++) {
      await(units.get(i), jobs.get(i));
    }
  }

  private void await(Unit<A, R> unit, Job<Object> job) {
    unit.job = job;
    handedOver.add(unit);
    var unused = job.future().whenComplete((answer, failure) -> {
      unit.answer = answer;
      unit.failure = failure;
      ended.add(unit);
    });
  }

  private void runHere(Unit<A, R> unit) {
    together = List.of();
    Job<Object> job = lanes.runHere(unit.tool.lane(), unit.task(), Objects.requireNonNull(whyHere));
    if (!job.future().isDone()) {
      // Its lane had no place, or it is to be tried again.
      await(unit, job);
      return;
    }
    unit.job = job;
    var unused = job.future().whenComplete((answer, failure) -> {
      unit.answer = answer;
      unit.failure = failure;
    });
    settle(unit);
    Attempt attempt = unit.attempt();
    boolean goesOn = !Thread.currentThread().isInterrupted();
    if (goesOn && attempt != null && costs.isLong((double) attempt.nanos())) {
      // It is not what it was, so those that were to follow it here are better off elsewhere.
      List<Unit<A, R>> rest = List.copyOf(here);
      here.clear();
      handOverLong(rest);
    }
  }

  /**
   * What was lost: of those that were to be shared, all that they took together beyond their own time; of others until the
   * first began, and since the last has ended. Tells nothing if one had to wait for a place, or to be tried again.
   */
  private void measureHandOver(Unit<A, R> last) {
    List<Unit<A, R>> units = together;
    if (units.isEmpty()) {
      return;
    }
    together = List.of();
    long now = System.nanoTime();
    if (isShared) {
      if (units.stream().allMatch(ToolRun::beganAtOnce)) {
        double shared = costs.shared(each(units, Unit::nanosSoFar));
        costs.handOver().add(Math.max(0, now - handedOverAt - shared));
      }
      return;
    }
    Attempt first = units.getFirst().attempt();
    Attempt ofLast = last.attempt();
    if (first != null && ofLast != null && beganAtOnce(units.getFirst()) && beganAtOnce(last)) {
      costs.handOver().add((double) (first.startedAt() - handedOverAt + now - ofLast.endedAt()));
    }
  }

  private static boolean beganAtOnce(Unit<?, ?> unit) {
    Job<?> job = Objects.requireNonNull(unit.job);
    return job.attempt() == 1 && job.waited == 0;
  }

  // What comes of it

  private void settle(Unit<A, R> unit) {
    handedOver.remove(unit);
    double nanos = unit.nanosSoFar();
    if (nanos > 0) {
      unit.measured(unit.failure instanceof LaneException.TimedOut ? Math.max(nanos, unit.nanosAllowed()) : nanos);
    }
    List<ToolResult<R>> failed = unit.failed();
    for (int i = 0; i < unit.calls.size(); i++) {
      Call<A, R> call = unit.calls.get(i);
      if (failed != null) {
        call.result = failed.get(i);
      } else if (unit.failure != null) {
        call.fail(unit.failure);
      } else {
        call.result = result(unit, i, Objects.requireNonNull(unit.answer));
      }
      left--;
      for (Call<A, R> follower : call.followers) {
        if (--follower.waitsFor == 0) {
          ready.add(follower);
        }
      }
    }
  }

  /** What {@link ToolTask#task} answers is what its tool says, or why it doesn't, or for a batched tool how each call ended. */
  @SuppressWarnings("unchecked")
  private static <A, R> ToolResult<R> result(Unit<A, R> unit, int index, Object answer) {
    if (unit.tool.work() instanceof Tool.Work.Together) {
      return ((List<ToolResult<R>>) answer).get(index);
    }
    if (answer instanceof ToolResult.Failure) {
      return (ToolResult<R>) answer;
    }
    ToolCall<A> asked = unit.calls.getFirst().asked;
    return new ToolResult.Success<>(asked.id(), asked.tool(), (R) answer);
  }
}
