package dev.memlane.orchestrator.exploration;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Embedding;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Head;
import dev.memlane.model.store.Unit;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.internal.Futures;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One run of a scenario: two processes share one database, and a chooser picks what happens next.
 *
 * <p>
 * <b>Steps.</b> The run alternates between two phases. First, each process runs all tasks of its executor, at once:
 * until a process sends a request to a store, the others cannot observe it. Then the chooser picks one of the possible
 * steps: a statement is executed or fails, a read is answered, an alarm rings, a process crashes or opens. A slow
 * process needs no step of its own: other steps are picked before the one that it waits for. The fate of an index write
 * is picked when the write is requested, because no other process sees the index. A write to an index that the processes
 * share is a step of its own, as a statement is.
 *
 * <p>
 * <b>Faults and crashes</b> are limited by a budget for each. A statement that its sender gave up, or whose process
 * crashed, may be executed at any later time or never. The run may end without it.
 *
 * <p>
 * <b>What an exhaustive walk leaves out.</b> The tasks of one process run in the order in which they were submitted:
 * they interact only through the memory's lock, which is granted in that order too. A follower polls when everything
 * else is at rest; an earlier poll counts as a fault. So does an answer that arrives after its process has done
 * something else. Random runs shuffle the tasks and let followers poll at any time.
 *
 * <p>
 * <b>The promises</b> are checked after every first phase.
 */
final class World {

  private static final int PROCESSES = 2;
  private static final int MOST_TASKS = 100_000;
  private static final int MOST_STEPS = 2_000;
  private static final Scope SCOPE = Scope.user("ada");
  private static final String KEY = "key";
  private static final MemoryId MEMORY = MemoryId.derive(SCOPE, KEY);
  /** Made by the model of the processes' embedder, which rejects vectors of any other. */
  static final Embedding VECTOR = vector(new HashEmbedder());
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final OperationId BASE = new OperationId(new UUID(0, 1));

  private static Embedding vector(HashEmbedder embedder) {
    return new Embedding(embedder.model(), embedder.embed(List.of("text")).join().getFirst());
  }

  /** Picks what happens next. */
  interface Chooser {

    /** Ends the run here. */
    int STOP = -1;

    /**
     * @param state a digest of the present state; null in the middle of a task, where the run cannot be stopped
     * @return the index of the step, or {@link #STOP}
     */
    int choose(List<Step> steps, @Nullable LongSupplier state);

    /** Whether an earlier run has checked the present state. */
    default boolean isReplaying() {
      return false;
    }
  }

  /** How many faults, crashes and commits of an index a run may have. */
  record Budget(int faults, int crashes, int commits) {

    /** Without commits of the index, whose files may hold anything that was written. */
    Budget(int faults, int crashes) {
      this(faults, crashes, 0);
    }
  }

  /** One of the scenario's calls, and what its caller knows. */
  private static final class Calling {
    final Scenario.Call call;
    final String name;
    /** The actor of its writes, which no other call has. */
    final String actor;
    final Set<OperationId> attempts = new HashSet<>();
    boolean begun;
    boolean dead;
    boolean asked;
    @Nullable
    Boolean landed;
    @Nullable
    WriteOutcome outcome;
    @Nullable
    Throwable failure;

    Calling(Scenario.Call call, String name, String actor) {
      this.call = call;
      this.name = name;
      this.actor = actor;
    }

    boolean hasEnded() {
      return outcome != null || failure != null || dead;
    }
  }

  /**
   * A request whose sender no longer waits for it.
   *
   * @param identity as that of a unit
   */
  private record Late(Object request, long identity, BooleanSupplier wouldChange, Runnable execute) {}

  private final Set<Rule> without;
  private final Budget budget;
  private final BatchingEmbedder embedder;
  private final Chooser chooser;
  private final boolean random;
  private final @Nullable Random order;

  private final SimulatedDatabase database;
  private final int writer;
  /** The index that all processes share; null if each has its own. */
  private final @Nullable SimulatedCluster cluster;
  private final SimulatedProcess[] processes = new SimulatedProcess[PROCESSES];
  private final List<Calling> calls = new ArrayList<>();
  private final List<Late> late = new ArrayList<>();
  private final Map<OperationId, String> names = new HashMap<>();
  private final List<Step> path = new ArrayList<>();
  private int faults;
  private int crashes;
  private int commits;
  private int changedBy = -1;
  private @Nullable String problem;
  private final SimulatedSearch search;
  /** The operations whose states core has held as live since the memory was last absent. */
  private final Set<OperationId> landed = new HashSet<>();
  /**
   * For each process, the index views in which a search that reads the row now may have begun; empty if none found it.
   */
  private final List<List<Set<DocumentName>>> seen = new ArrayList<>();
  /** For each process, how many views of its index {@link #recordViews} has processed. */
  private final int[] viewed = new int[PROCESSES];
  /** For each process, whether it was open when {@link #recordViews} was last called. */
  private final boolean[] wasOpen = new boolean[PROCESSES];

  /**
   * @param random whether to leave nothing out
   * @param order shuffles the tasks of a process; null for the order of submission
   */
  World(Scenario scenario, Set<Rule> without, Budget budget, BatchingEmbedder embedder, SimulatedSearch search,
      Chooser chooser, boolean random, @Nullable Random order) {
    this.search = search;
    this.random = random;
    this.without = without;
    this.budget = budget;
    this.embedder = embedder;
    this.chooser = chooser;
    this.order = order;
    this.database = new SimulatedDatabase(without);
    this.writer = scenario.writer();
    SimulatedIndex.Saved saved = new SimulatedIndex.Saved(Set.of(), null);
    if (scenario.memoryExists()) {
      Memory memory = new Memory(MEMORY, SCOPE, KEY, null, "text", Metadata.empty(), null, START, START, null, 1, BASE);
      database.begin(new CoreRow(MEMORY, CoreRow.State.LIVE, 1, BASE, BASE.value(), memory, VECTOR),
          new HistoryEntry(MEMORY, BASE, 1, HistoryEntry.Kind.ADD, null, "text", null, Metadata.empty(), null, START));
      saved = new SimulatedIndex.Saved(Set.of(new DocumentName(MEMORY, BASE)), null);
    }
    this.cluster = scenario.shared() ? new SimulatedCluster(saved.documents()) : null;
    names.put(BASE, "the first add");
    for (Scenario.Call call : scenario.calls()) {
      String name = call.name() + (calls.size() + 1);
      calls.add(new Calling(call, name, call.sameAs() < 0 ? name : calls.get(call.sameAs()).name));
    }
    for (int i = 0; i < PROCESSES; i++) {
      processes[i] = new SimulatedProcess(this, i, 0, saved);
      processes[i].begin();
      seen.add(new ArrayList<>());
    }
  }

  // ---- for the processes ---------------------------------------------------------------------------------------------

  Set<Rule> without() {
    return without;
  }

  /** The number of the process that only writes; or -1. */
  int writer() {
    return writer;
  }

  /** The index that all processes share; null if each has its own. */
  @Nullable
  SimulatedCluster cluster() {
    return cluster;
  }

  SimulatedDatabase database() {
    return database;
  }

  BatchingEmbedder embedder() {
    return embedder;
  }

  String nameOf(SimulatedUnit unit) {
    return unit.what() + " of " + names.getOrDefault(unit.op(), unit.actor());
  }

  void sent(int process, SimulatedUnit unit) {
    if (unit.kind() == Unit.Kind.WRITE) {
      for (Calling calling : calls) {
        if (calling.call.process() == process && calling.actor.equals(unit.actor()) && calling.begun
            && !calling.hasEnded()) {
          calling.attempts.add(unit.op());
          names.put(unit.op(), calling.name);
        }
      }
    }
  }

  /** Takes a statement that its process no longer waits for. */
  void late(SimulatedProcess.Sent sent) {
    late.add(new Late(sent, sent.identity(), () -> database.wouldChange(sent.unit()::execute),
        () -> execute(sent.unit(), -1)));
  }

  /** Takes a write to the shared index that its process no longer waits for. */
  void late(SimulatedProcess.SentWrite sent) {
    late.add(new Late(sent, sent.identity(), sent.write()::wouldChange, sent.write()::execute));
  }

  List<StoreResult> execute(SimulatedUnit unit, int by) {
    CoreRow before = database.row(unit.memory());
    List<StoreResult> answers = unit.execute();
    CoreRow after = database.row(unit.memory());
    if (after != null && (before == null || !before.op().equals(after.op()) || before.state() != after.state())) {
      changedBy = unit.kind() == Unit.Kind.WRITE ? by : -1;
    }
    return answers;
  }

  /** Lets the chooser decide in the middle of a task. */
  void decide(List<Step> steps) {
    List<Step> possible = affordable(steps);
    take(possible.get(possible.size() == 1 ? 0 : chooser.choose(possible, null)), possible.size() > 1);
  }

  // ---- the run -------------------------------------------------------------------------------------------------------

  /** Runs to the end, or until the chooser stops. Returns the broken promise, or null. */
  @Nullable
  String run() {
    while (problem == null) {
      runTasks();
      recordViews();
      if (problem == null && !chooser.isReplaying()) {
        problem = brokenPromise();
      }
      if (problem != null) {
        break;
      }
      List<Step> steps = steps();
      if (nothingMustHappen(steps)) {
        problem = chooser.isReplaying() ? null : notSettled();
        if (problem != null || steps.isEmpty()) {
          break;
        }
      }
      int chosen = chooser.choose(steps, this::state);
      if (chosen == Chooser.STOP) {
        break;
      }
      take(steps.get(chosen), true);
      if (path.size() > MOST_STEPS) {
        problem = "6: the run does not end";
      }
    }
    return problem;
  }

  /** The steps taken so far. */
  List<String> path() {
    return path.stream().map(Step::name).toList();
  }

  /**
   * @param chosen whether there were other steps; then it becomes part of the path
   */
  private void take(Step step, boolean chosen) {
    switch (step.cost()) {
      case NOTHING -> {
        // It may happen at any time.
      }
      case FAULT -> faults++;
      case CRASH -> crashes++;
      case COMMIT -> commits++;
    }
    if (chosen) {
      path.add(step);
    }
    step.action().run();
  }

  private List<Step> affordable(List<Step> steps) {
    steps.removeIf(step -> switch (step.cost()) {
      case NOTHING -> false;
      case FAULT -> faults >= budget.faults;
      case CRASH -> crashes >= budget.crashes;
      case COMMIT -> commits >= budget.commits;
    });
    return steps;
  }

  private static boolean nothingMustHappen(List<Step> steps) {
    for (Step step : steps) {
      if (!step.mayNeverHappen()) {
        return false;
      }
    }
    return true;
  }

  /** Runs the tasks of all processes, and begins the calls that may begin, until none is left. */
  private void runTasks() {
    int ran = 0;
    boolean busy = true;
    while (busy) {
      busy = false;
      for (SimulatedProcess process : processes) {
        while (process.runTask(order)) {
          busy = true;
          if (++ran > MOST_TASKS) {
            problem = "6: " + process + " never stops submitting tasks";
            return;
          }
        }
      }
      for (Calling calling : calls) {
        if (!calling.begun && mayBegin(calling)) {
          begin(calling);
          busy = true;
        }
      }
    }
  }

  private boolean mayBegin(Calling calling) {
    Scenario.Call call = calling.call;
    if (!processes[call.process()].isOpen()) {
      return false;
    }
    if (call.retryOf() >= 0) {
      Calling first = calls.get(call.retryOf());
      return first.hasEnded() && !(first.outcome != null && first.outcome.succeeded());
    }
    return call.together() || calls.subList(0, calls.indexOf(calling)).stream().allMatch(
        before -> before.call.process() != call.process() || before.call.retryOf() >= 0 || before.hasEnded());
  }

  @SuppressWarnings("FutureReturnValueIgnored") // both ends are recorded in the call
  private void begin(Calling calling) {
    calling.begun = true;
    SimulatedProcess process = processes[calling.call.process()];
    process.receive(100 + calls.indexOf(calling));
    MemoryOrchestrator memory = process.memory();
    CompletableFuture<WriteOutcome> outcome = switch (calling.call.kind()) {
      case ADD -> memory.add(newMemory(calling));
      case PUT -> memory.put(newMemory(calling));
      case UPDATE -> memory
          .updateMemory(MemoryUpdate.metadata(MEMORY, Metadata.of("by", calling.name)).by(calling.name))
          .<WriteOutcome>thenApply(WriteOutcome.Stored::new).exceptionally(World::outcome);
      case DELETE -> memory.deleteMemory(calling.call.erases()
          ? MemoryDeletion.of(MEMORY).by(calling.name).purgingHistory()
          : MemoryDeletion.of(MEMORY).by(calling.name))
          .<WriteOutcome>thenApply(deleted -> deleted).exceptionally(World::outcome);
    };
    outcome.whenComplete((ended, failure) -> {
      calling.outcome = ended;
      calling.failure = failure;
    });
  }

  private static NewMemory newMemory(Calling calling) {
    return NewMemory.builder("text", SCOPE).key(KEY).actor(calling.actor).embedding(VECTOR).build();
  }

  private static WriteOutcome outcome(Throwable failure) {
    if (Futures.unwrap(failure) instanceof MemoryWriteException exception) {
      return exception.outcome();
    }
    throw new IllegalStateException("a write failed without an outcome", failure);
  }

  private List<Step> steps() {
    List<Step> steps = new ArrayList<>();
    boolean following = !random && onlyFollowing();
    for (SimulatedProcess process : processes) {
      if (process.isUp()) {
        process.addSteps(steps);
      } else {
        steps.add(Step.of(process, "opens", () -> open(process)));
      }
      if (following && !steps.isEmpty()) {
        break;
      }
    }
    addPolls(steps);
    if (nothingMustHappen(steps)) {
      for (SimulatedProcess process : processes) {
        Step waiting = process.waitingStep();
        if (waiting != null) {
          steps.add(waiting);
        }
      }
    }
    for (SimulatedProcess process : processes) {
      if (process.isUp()) {
        process.addCommit(steps);
        addCrashes(process, steps);
      }
    }
    for (Calling calling : calls) {
      if (calling.outcome instanceof WriteOutcome.Unsettled unsettled && !calling.asked) {
        addQuestions(calling, unsettled, steps);
      }
    }
    for (Late sent : late) {
      if (!sent.wouldChange.getAsBoolean()) {
        // While it would change nothing, executing it makes no difference.
        continue;
      }
      steps.add(new Step(sent.request, "executed LATE", Step.Cost.NOTHING, true, () -> {
        late.remove(sent);
        sent.execute.run();
      }));
    }
    return affordable(steps);
  }

  /**
   * Whether nothing is left to do but for the followers to read the database, each for its own index. Then their steps
   * need no interleaving: no follower can observe another, and each index is checked on its own.
   */
  private boolean onlyFollowing() {
    if (cluster != null) {
      return false;
    }
    for (Calling calling : calls) {
      if (calling.begun && !calling.hasEnded()) {
        return false;
      }
    }
    for (SimulatedProcess process : processes) {
      if (process.isOpen() && !process.onlyFollows()) {
        return false;
      }
    }
    return true;
  }

  /**
   * A follower polls when everything else is at rest. In an exhaustive walk an earlier poll counts as a fault, because
   * there would be too many interleavings otherwise.
   */
  private void addPolls(List<Step> steps) {
    boolean quiet = true;
    for (SimulatedProcess process : processes) {
      quiet &= !process.isUp() || process.isQuiet();
    }
    for (SimulatedProcess process : processes) {
      if (process.isUp()) {
        process.addPoll(steps, quiet || random ? Step.Cost.NOTHING : Step.Cost.FAULT);
      }
    }
  }

  /**
   * The caller may ask what became of an unsettled operation: in random runs through any process and at any time; in an
   * exhaustive walk only through the call's process, and before that is at rest it counts as a fault.
   */
  @SuppressWarnings("FutureReturnValueIgnored") // without an answer there is nothing to check
  private void addQuestions(Calling calling, WriteOutcome.Unsettled unsettled, List<Step> steps) {
    for (SimulatedProcess process : processes) {
      boolean home = process.number() == calling.call.process();
      if (process.isOpen() && (home || random)) {
        Step.Cost cost = process.isQuiet() || random ? Step.Cost.NOTHING : Step.Cost.FAULT;
        steps.add(new Step(process, "is asked whether " + calling.name + " has landed", cost, true, () -> {
          calling.asked = true;
          process.receive(200 + calls.indexOf(calling));
          process.memory().hasLanded(MEMORY, unsettled.op()).whenComplete((landed, failure) -> calling.landed = landed);
        }));
      }
    }
  }

  private void addCrashes(SimulatedProcess process, List<Step> steps) {
    if (cluster != null) {
      addCrash(process, new SimulatedIndex.Saved(Set.of(), null), "the shared index as it is", steps);
      return;
    }
    List<Set<DocumentName>> snapshots = process.ownIndex().snapshots();
    SimulatedIndex.Saved committed = process.ownIndex().committed();
    if (!committed.equals(process.ownIndex().opened())) {
      addCrash(process, committed, "its last commit", steps);
      return;
    }
    // A commit without a checkpoint may have been made at any time.
    addCrash(process, committed, "the index that it opened", steps);
    if (snapshots.size() > 1) {
      addCrash(process, new SimulatedIndex.Saved(process.documents(), null), "its present index", steps);
    }
    for (int i = 1; random && i < snapshots.size() - 1; i++) {
      addCrash(process, new SimulatedIndex.Saved(snapshots.get(i), null), "state " + i + " of its index", steps);
    }
  }

  private void addCrash(SimulatedProcess process, SimulatedIndex.Saved saved, String what, List<Step> steps) {
    steps.add(new Step(process, "CRASHES and leaves " + what, Step.Cost.CRASH, true, () -> crash(process, saved)));
  }

  private void crash(SimulatedProcess process, SimulatedIndex.Saved saved) {
    process.crash();
    for (Calling calling : calls) {
      if (calling.call.process() == process.number() && calling.begun && !calling.hasEnded()) {
        calling.dead = true;
      }
    }
    SimulatedProcess next = new SimulatedProcess(this, process.number(), process.incarnation() + 1, saved);
    next.crash();
    processes[process.number()] = next;
  }

  private void open(SimulatedProcess closed) {
    SimulatedProcess process = new SimulatedProcess(this, closed.number(), closed.incarnation() + 1,
        closed.ownIndex().opened());
    processes[closed.number()] = process;
    process.start();
  }

  /**
   * A digest of everything that determines what can happen next: the tables, what each process has received since it
   * began, what has been sent and not yet executed, what the callers know, and the faults and crashes so far.
   */
  private long state() {
    Digest digest = new Digest().add(database.digest()).add(changedBy).add(faults).add(crashes).add(commits);
    for (SimulatedProcess process : processes) {
      digest.add(process.received())
          .add((process.isUp() ? 1 : 0) + (process.hasUnreadChanges() ? 2 : 0) + (process.isOpen() ? 4 : 0));
    }
    seen.forEach(views -> {
      digest.add(views.size());
      views.forEach(view -> digest.add(SimulatedProcess.digest(view)));
    });
    digest.add(late.stream().mapToLong(Late::identity).sum());
    if (cluster != null) {
      digest.add(cluster.digest());
    }
    for (Calling calling : calls) {
      digest.add(calling.begun ? 1 : 0)
          .add((calling.dead ? 1 : 0) + (calling.asked ? 2 : 0) + (calling.landed == null ? 0 : calling.landed ? 4 : 8))
          .add(calling.outcome == null ? 0 : calling.outcome.getClass().getName().hashCode());
      calling.attempts.stream().sorted((one, other) -> one.value().compareTo(other.value()))
          .forEach(op -> digest.add(op.value()));
    }
    return digest.value();
  }

  /**
   * Records what searches may have seen since the memory was first found, for as long as it is live. It counts as found
   * once the index holds a document of a state that core has held. The document of a write that never lands may be
   * there before that, and may be removed again.
   */
  private void recordViews() {
    CoreRow row = database.row(MEMORY);
    boolean live = row != null && row.state() == CoreRow.State.LIVE;
    if (live && row != null) {
      landed.add(row.op());
    } else {
      // A memory that is back after its deletion is new: what a process found of it before does not count.
      landed.clear();
    }
    for (int i = 0; i < PROCESSES; i++) {
      List<Set<DocumentName>> views = processes[i].views();
      List<Set<DocumentName>> kept = seen.get(i);
      // No search sees what the index held before the process was open, or sees anything while it is closed.
      if (!live || !wasOpen[i] || !processes[i].isOpen()) {
        kept.clear();
        viewed[i] = views.size() - 1;
      }
      wasOpen[i] = processes[i].isOpen();
      for (; live && processes[i].isOpen() && viewed[i] < views.size(); viewed[i]++) {
        Set<DocumentName> view = views.get(viewed[i]);
        boolean found = !kept.isEmpty() || view.stream().anyMatch(document -> landed.contains(document.op()));
        if (found && !kept.contains(view)) {
          kept.add(view);
        }
      }
    }
  }

  // ---- the promises --------------------------------------------------------------------------------------------------

  private @Nullable String brokenPromise() {
    for (Calling calling : calls) {
      String broken = brokenPromise(calling);
      if (broken != null) {
        return broken;
      }
    }
    CoreRow row = database.row(MEMORY);
    List<Head> newest = database.newest();
    boolean there = row != null && row.state() != CoreRow.State.VOID;
    if (there && row != null
        ? !newest.equals(List.of(new Head(MEMORY, row.op(), row.version(), row.state() == CoreRow.State.LIVE)))
        : !newest.isEmpty()) {
      return "3: core has " + row + ", and history has " + newest;
    }
    return row == null || row.state() != CoreRow.State.LIVE ? null : lostToSearches(row);
  }

  /** A process that has found a live memory must go on finding it, in an older state or in the present one. */
  private @Nullable String lostToSearches(CoreRow row) {
    for (int i = 0; i < PROCESSES; i++) {
      List<Set<DocumentName>> views = processes[i].views();
      List<Set<DocumentName>> since = seen.get(i);
      for (int begin = 0; begin < since.size(); begin++) {
        Set<DocumentName> first = since.get(begin);
        // Of a shared index, a process may go on seeing an older view, because it sees what others wrote a little later.
        List<Set<DocumentName>> later = cluster == null
            ? List.of(views.getLast())
            : since.subList(begin, since.size());
        for (Set<DocumentName> second : later) {
          if (!search.finds(first, second, row)) {
            return "9: " + processes[i] + " found the memory before, and a search that began with " + first.size()
                + " documents does not";
          }
        }
      }
    }
    return null;
  }

  private @Nullable String brokenPromise(Calling calling) {
    if (calling.failure != null) {
      return "6: " + calling.name + " ended without an outcome: " + calling.failure;
    }
    WriteOutcome outcome = calling.outcome;
    if (outcome == null) {
      return null;
    }
    OperationId own = switch (outcome) {
      case WriteOutcome.Stored stored -> stored.memory().op();
      case WriteOutcome.Replaced replaced -> replaced.memory().op();
      case WriteOutcome.Deleted deleted -> deleted.op();
      case WriteOutcome.Unsettled unsettled -> unsettled.op();
      case WriteOutcome.Unpurged unpurged -> unpurged.op();
      default -> null;
    };
    if (calling.call.erases() && outcome instanceof WriteOutcome.Deleted && database.logHoldsContent()) {
      return "E: " + calling.name + " was acknowledged, and the history still holds erased content";
    }
    if (calling.landed != null && own != null && !database.isErased(own) && calling.landed != database.stands(own)) {
      return (calling.landed ? "1: " : "2: ") + calling.name + " was reported " + (calling.landed ? "" : "not ")
          + "to have landed, and is " + (calling.landed ? "not there" : "there");
    }
    if (outcome.succeeded() && own != null && !database.stands(own) && !database.isErased(own)) {
      return "1: " + calling.name + " was acknowledged and has vanished";
    }
    for (OperationId attempt : calling.attempts) {
      if (!attempt.equals(own) && database.stands(attempt)) {
        return "2: " + calling.name + " was reported as " + outcome.getClass().getSimpleName() + ", and "
            + (own == null ? "is there" : "an attempt that was given up is there");
      }
    }
    OperationId original = switch (outcome) {
      case WriteOutcome.DuplicateOf duplicate -> duplicate.memory().op();
      case WriteOutcome.WasDeleted deleted when calling.call.kind() == Scenario.Kind.ADD -> deleted.op();
      default -> null;
    };
    if (original != null && !database.stands(original) && !database.isErased(original)) {
      return "4: " + calling.name + " was reported as a duplicate of " + names.get(original) + ", which has vanished";
    }
    String untrue = calling.call.kind() == Scenario.Kind.PUT ? untrueOfPut(calling, outcome) : null;
    if (untrue != null) {
      return untrue;
    }
    SimulatedProcess home = processes[calling.call.process()];
    CoreRow row = database.row(MEMORY);
    boolean written = outcome instanceof WriteOutcome.Stored || outcome instanceof WriteOutcome.Replaced;
    boolean findable = written && row != null && row.op().equals(own)
        && row.state() == CoreRow.State.LIVE && home.isOpen() && home.isIndexed() && changedBy == home.number()
        && home.unindexed().isEmpty();
    if (findable && own != null && !home.documents().contains(new DocumentName(MEMORY, own))) {
      return "8: " + calling.name + " was acknowledged and is not found in its process";
    }
    return null;
  }

  /** Returns what is untrue of a put's outcome, or null. */
  private @Nullable String untrueOfPut(Calling calling, WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.Stored(Memory memory) when wasThereBefore(memory) ->
        "1: " + calling.name + " was reported as stored, and has replaced a memory";
      case WriteOutcome.Replaced(Memory memory) when !wasThereBefore(memory) ->
        "1: " + calling.name + " was reported as replaced, and there was no memory before";
      case WriteOutcome.DuplicateOf(Memory memory) when !calling.actor.equals(memory.actor()) ->
        "1: " + calling.name + " was reported as a duplicate of another state";
      case WriteOutcome.WasDeleted deleted -> "1: " + calling.name + " was reported as deleted before";
      default -> null;
    };
  }

  /** Whether the state before this one was a memory. */
  private boolean wasThereBefore(Memory memory) {
    return database.entries().stream()
        .anyMatch(entry -> entry.version() == memory.version() - 1 && entry.kind().leavesMemory());
  }

  /** Returns the promise that is broken when nothing more has to happen, or null. */
  private @Nullable String notSettled() {
    for (Calling calling : calls) {
      boolean needless = calling.call.retryOf() >= 0 && !calling.begun;
      if (!calling.hasEnded() && !needless) {
        return "6: " + calling.name + " never ends";
      }
    }
    CoreRow row = database.row(MEMORY);
    for (SimulatedProcess process : processes) {
      if (!process.isIdle()) {
        return "6: " + process + " never settles";
      }
      Set<DocumentName> wanted = row == null || row.state() != CoreRow.State.LIVE
          ? Set.of()
          : Set.of(new DocumentName(MEMORY, row.op()));
      if (process.isIndexed() && !process.documents().equals(wanted)) {
        return "3: the index of " + process + " does not agree with core";
      }
    }
    return null;
  }
}
