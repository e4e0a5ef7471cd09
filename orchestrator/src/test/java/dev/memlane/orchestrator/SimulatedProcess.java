package dev.memlane.orchestrator;

import dev.memlane.model.DocumentName;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * One process from its opening to its crash: a real orchestrator with simulated stores, executor, timer, clock and ids.
 *
 * <p>
 * It is deterministic, so {@link #told}, which folds everything that it was told by the world in the order of the
 * telling, stands for its whole inner state. Not safe for use by several threads.
 */
final class SimulatedProcess implements SimulatedStores.Network, Ids {

  /** An alarm that was set for longer than this is a deadline; a shorter one is a pause between two tries. */
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final World world;
  private final int number;
  private final int incarnation;
  private final SimulatedTimer timer = new SimulatedTimer();
  private final SimulatedIndex index;
  private final MemoryOrchestrator memory;

  private final List<Runnable> tasks = new ArrayList<>();
  private final List<Sent> units = new ArrayList<>();
  private final List<Read<?>> reads = new ArrayList<>();
  private boolean up = true;
  private boolean open;
  private long told;
  private int requests;
  private int minted;

  /**
   * A unit on its way.
   *
   * @param identity tells it from all others, in every run in which it is sent in the same circumstances
   */
  record Sent(SimulatedProcess process, SimulatedUnit unit, long identity) {
    @Override
    public String toString() {
      return process + ": " + process.world.nameOf(unit);
    }
  }

  private record Read<T>(SimulatedProcess process, String name, Supplier<T> query, ToLongFunction<? super T> digest,
      CompletableFuture<T> answer, int request) {
    @Override
    public String toString() {
      return process + ": " + name + " (" + request + ")";
    }
  }

  SimulatedProcess(World world, int number, int incarnation, Set<DocumentName> saved) {
    this.world = world;
    this.number = number;
    this.incarnation = incarnation;
    this.told = new Digest().add(number).add(incarnation).add(digest(saved)).value();
    this.index = new SimulatedIndex(world.without(), saved, this::fate);
    SimulatedStores stores = new SimulatedStores(world.database(), this);
    this.memory = new MemoryOrchestrator(new Stores(stores.units(), stores.core(), stores.history(), index),
        new Environment(this::execute, timer, timer, this), world.embedder(),
        new MemoryOrchestrator.Limits(Duration.ofSeconds(10), 100, 100), () -> {});
  }

  // ---- life ----------------------------------------------------------------------------------------------------------

  /** Opens without comparing: nothing can have happened to the index. */
  void begin() {
    open = true;
  }

  /** Opens as the product does: calls may begin when the comparison has ended. */
  void compareAndBegin() {
    memory.compare(Progress.NONE).whenComplete((differing, failure) -> {
      if (failure == null) {
        open = true;
      } else {
        // Opening failed; whoever opened it tries again.
        crash();
      }
    });
  }

  /** Ends here and now. What was sent may still be executed. */
  void crash() {
    up = false;
    open = false;
    tasks.clear();
    reads.clear();
    timer.shutdown();
    units.forEach(sent -> world.late(sent));
    units.clear();
  }

  boolean isUp() {
    return up;
  }

  boolean isOpen() {
    return open;
  }

  int number() {
    return number;
  }

  int incarnation() {
    return incarnation;
  }

  SimulatedIndex index() {
    return index;
  }

  MemoryOrchestrator memory() {
    return memory;
  }

  long told() {
    return told;
  }

  void hear(long what) {
    told = Digest.mix(told, what);
  }

  /** Whether nothing is under way and nothing is left to be settled. */
  boolean isIdle() {
    return open && tasks.isEmpty() && units.isEmpty() && reads.isEmpty() && index.hanging() == null
        && timer.first() == null && memory.awaitSettled().isDone();
  }

  static long digest(Set<DocumentName> documents) {
    return documents.stream().mapToLong(name -> new Digest().add(name.memory().value()).add(name.op().value()).value())
        .sum();
  }

  // ---- its inside ----------------------------------------------------------------------------------------------------

  private void execute(Runnable task) {
    if (up) {
      tasks.add(task);
    }
  }

  /** Runs a task, the oldest one if there is no order; false if there is none. */
  boolean runTask(@Nullable Random order) {
    if (tasks.isEmpty()) {
      return false;
    }
    tasks.remove(order == null ? 0 : order.nextInt(tasks.size())).run();
    return true;
  }

  @Override
  public MemoryId newMemory() {
    return new MemoryId(mint());
  }

  @Override
  public OperationId newOperation() {
    return new OperationId(mint());
  }

  @Override
  public UUID newStamp() {
    return mint();
  }

  private UUID mint() {
    return new UUID(1 + number * 1_000L + incarnation, ++minted);
  }

  // ---- its requests --------------------------------------------------------------------------------------------------

  private SimulatedIndex.Fate fate(String write, boolean mayHang) {
    List<Step> steps = new ArrayList<>(3);
    SimulatedIndex.Fate[] fate = new SimulatedIndex.Fate[1];
    Object subject = new Object() {
      @Override
      public String toString() {
        return SimulatedProcess.this + ": " + write;
      }
    };
    steps.add(Step.of(subject, "done", () -> fate[0] = SimulatedIndex.Fate.DONE));
    steps.add(Step.fault(subject, "fails", () -> fate[0] = SimulatedIndex.Fate.FAILS));
    if (mayHang) {
      steps.add(Step.fault(subject, "hangs", () -> fate[0] = SimulatedIndex.Fate.HANGS));
    }
    world.decide(steps);
    hear(fate[0].ordinal());
    return fate[0];
  }

  @Override
  public void send(SimulatedUnit unit) {
    if (up) {
      world.sent(number, unit);
      requests++;
      units.add(new Sent(this, unit, Digest.mix(told, requests)));
    }
  }

  @Override
  public <T> CompletableFuture<T> read(String name, Supplier<T> query, ToLongFunction<? super T> digest) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    if (up) {
      reads.add(new Read<>(this, name, query, digest, answer, ++requests));
    }
    return answer;
  }

  // ---- what may happen to it -----------------------------------------------------------------------------------------

  void addSteps(List<Step> steps) {
    for (Read<?> read : reads) {
      addSteps(read, steps);
    }
    for (Sent sent : units) {
      addSteps(sent, steps);
    }
    if (index.hanging() != null) {
      steps.add(Step.of(this, "the " + index.hanging() + " that hung ends", () -> endHanging(true)));
      steps.add(Step.of(this, "the " + index.hanging() + " that hung fails", () -> endHanging(false)));
    }
    SimulatedTimer.Alarm alarm = timer.first();
    if (alarm != null && alarm.delay().compareTo(LONGEST_PAUSE) < 0) {
      steps.add(Step.of(this, "a pause ends", () -> {
        hear(5);
        timer.moveTo(alarm.time());
      }));
    }
    Instant deadline = deadline();
    if (deadline != null) {
      // Where a put hangs, that the time passes is what was paid for.
      Step.Cost cost = index.hangsUnexpired() ? Step.Cost.NOTHING : Step.Cost.FAULT;
      steps.add(new Step(this, "nothing answers until the deadline", cost, cost == Step.Cost.FAULT,
          () -> passTo(deadline)));
    }
  }

  private <T> void addSteps(Read<T> read, List<Step> steps) {
    steps.add(Step.of(read, "read", () -> {
      reads.remove(read);
      T found = read.query.get();
      hear(read.request);
      hear(read.digest.applyAsLong(found));
      read.answer.complete(found);
    }));
    steps.add(Step.fault(read, "can't be read", () -> {
      reads.remove(read);
      hear(-read.request);
      read.answer.completeExceptionally(new SimulatedFailure("the database can't be read"));
    }));
  }

  private void addSteps(Sent sent, List<Step> steps) {
    SimulatedUnit unit = sent.unit;
    steps.add(Step.of(sent, "executed", () -> {
      List<StoreResult> answers = world.execute(unit, number);
      answer(sent, unit, answers);
    }));
    steps.add(Step.fault(sent, "executed, answer lost", () -> {
      world.execute(unit, number);
      answerAll(sent, new StoreResult.InDoubt(new SimulatedFailure("the connection broke")), 1);
    }));
    steps.add(Step.fault(sent, "given up", () -> {
      world.late(sent);
      answerAll(sent, new StoreResult.InDoubt(new SimulatedFailure("the connection broke")), 1);
    }));
    steps.add(Step.fault(sent, "refused", () -> answerAll(sent,
        new StoreResult.NotApplied(new SimulatedFailure("there was no connection")), 2)));
  }

  private void answer(Sent sent, SimulatedUnit unit, List<StoreResult> answers) {
    units.remove(sent);
    hear(sent.identity);
    answers.forEach(answer -> hear(answer instanceof StoreResult.Applied applied ? applied.receipt().version() : -1));
    unit.answer(answers);
  }

  private void answerAll(Sent sent, StoreResult answer, int how) {
    units.remove(sent);
    hear(sent.identity);
    hear(-10 - how);
    sent.unit.answerAll(answer);
  }

  private void endHanging(boolean done) {
    hear(done ? 6 : 7);
    index.endHanging(done);
  }

  /** The first deadline of what is under way, or null. */
  private @Nullable Instant deadline() {
    Instant first = index.deadline();
    for (Sent sent : units) {
      first = earlier(first, sent.unit.deadline());
    }
    SimulatedTimer.Alarm alarm = timer.first();
    return alarm != null && alarm.delay().compareTo(LONGEST_PAUSE) >= 0 ? earlier(first, alarm.time()) : first;
  }

  private static Instant earlier(@Nullable Instant one, Instant other) {
    return one == null || other.isBefore(one) ? other : one;
  }

  private void passTo(Instant time) {
    hear(8);
    timer.moveTo(time);
    index.expire(timer.instant());
    for (Sent sent : List.copyOf(units)) {
      if (!sent.unit.deadline().isAfter(timer.instant())) {
        world.late(sent);
        answerAll(sent, new StoreResult.InDoubt(new SimulatedFailure("no answer at the deadline")), 3);
      }
    }
  }

  /** Lets the time pass to what is due next, because nothing else can happen. */
  @Nullable
  Step waitingStep() {
    SimulatedTimer.Alarm alarm = timer.first();
    return alarm == null ? null : Step.of(this, "time passes", () -> passTo(alarm.time()));
  }

  @Override
  public String toString() {
    return "process " + number;
  }
}
