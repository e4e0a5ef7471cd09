package dev.memlane.orchestrator;

import dev.memlane.model.DocumentName;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
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
  record Sent(String name, SimulatedUnit unit, long identity) {}

  private record Read<T>(String name, Supplier<T> query, ToLongFunction<? super T> digest, CompletableFuture<T> answer,
      int request) {}

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
    List<Step> steps = new ArrayList<>();
    String name = this + ": " + write + " ";
    SimulatedIndex.Fate[] fate = new SimulatedIndex.Fate[1];
    steps.add(Step.of(name + "done", () -> fate[0] = SimulatedIndex.Fate.DONE));
    steps.add(Step.fault(name + "fails", () -> fate[0] = SimulatedIndex.Fate.FAILS));
    if (mayHang) {
      steps.add(Step.fault(name + "hangs", () -> fate[0] = SimulatedIndex.Fate.HANGS));
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
      units.add(new Sent(this + ": " + world.nameOf(unit), unit, Digest.mix(told, requests)));
    }
  }

  @Override
  public <T> CompletableFuture<T> read(String name, Supplier<T> query, ToLongFunction<? super T> digest) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    if (up) {
      reads.add(new Read<>(name, query, digest, answer, ++requests));
    }
    return answer;
  }

  // ---- what may happen to it -----------------------------------------------------------------------------------------

  void addSteps(List<Step> steps) {
    List.copyOf(reads).forEach(read -> addSteps(read, steps));
    for (Sent sent : List.copyOf(units)) {
      SimulatedUnit unit = sent.unit;
      steps.add(Step.of(sent.name + " executed", () -> {
        List<StoreResult> answers = world.execute(unit, number);
        answer(sent, unit, answers);
      }));
      steps.add(Step.fault(sent.name + " executed, answer lost", () -> {
        world.execute(unit, number);
        answerAll(sent, new StoreResult.InDoubt(new SimulatedFailure("the answer was lost")), 1);
      }));
      steps.add(Step.fault(sent.name + " given up", () -> {
        world.late(sent);
        answerAll(sent, new StoreResult.InDoubt(new SimulatedFailure("the connection broke")), 2);
      }));
      steps.add(Step.fault(sent.name + " refused", () -> answerAll(sent,
          new StoreResult.NotApplied(new SimulatedFailure("there was no connection")), 3)));
    }
    String hanging = index.hanging();
    if (hanging != null) {
      steps.add(Step.of(this + ": " + hanging + " that hung ends", () -> endHanging(true)));
      steps.add(Step.of(this + ": " + hanging + " that hung fails", () -> endHanging(false)));
    }
    SimulatedTimer.Alarm alarm = timer.first();
    if (alarm != null && alarm.delay().compareTo(LONGEST_PAUSE) < 0) {
      steps.add(Step.of(this + ": a pause ends", () -> {
        hear(5);
        timer.moveTo(alarm.time());
      }));
    }
    deadline().ifPresent(deadline -> {
      String name = this + ": nothing answers until the deadline";
      steps.add(index.hangsUnexpired()
          ? Step.of(name, () -> passTo(deadline))
          : Step.fault(name, () -> passTo(deadline)));
    });
  }

  private <T> void addSteps(Read<T> read, List<Step> steps) {
    String name = this + ": " + read.name + " (" + read.request + ") ";
    steps.add(Step.of(name + "read", () -> {
      reads.remove(read);
      T found = read.query.get();
      hear(read.request);
      hear(read.digest.applyAsLong(found));
      read.answer.complete(found);
    }));
    steps.add(Step.fault(name + "can't be read", () -> {
      reads.remove(read);
      hear(-read.request);
      read.answer.completeExceptionally(new SimulatedFailure("the database can't be read"));
    }));
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

  /** The first deadline of what is under way. */
  private Optional<Instant> deadline() {
    List<Instant> deadlines = new ArrayList<>(index.deadlines());
    units.forEach(sent -> deadlines.add(sent.unit.deadline()));
    SimulatedTimer.Alarm alarm = timer.first();
    if (alarm != null && alarm.delay().compareTo(LONGEST_PAUSE) >= 0) {
      deadlines.add(alarm.time());
    }
    return deadlines.stream().min(Comparator.naturalOrder());
  }

  private void passTo(Instant time) {
    hear(8);
    timer.moveTo(time);
    index.expire(timer.instant());
    for (Sent sent : List.copyOf(units)) {
      if (!sent.unit.deadline().isAfter(timer.instant())) {
        world.late(sent);
        answerAll(sent, new StoreResult.InDoubt(new SimulatedFailure("no answer at the deadline")), 4);
      }
    }
  }

  /** Lets the time pass to what is due next, because nothing else can happen. */
  @Nullable
  Step waitingStep() {
    SimulatedTimer.Alarm alarm = timer.first();
    return alarm == null ? null : Step.of(this + ": time passes", () -> passTo(alarm.time()));
  }

  @Override
  public String toString() {
    return "process " + number;
  }
}
