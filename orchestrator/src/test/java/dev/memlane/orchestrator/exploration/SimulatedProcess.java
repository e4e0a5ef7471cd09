package dev.memlane.orchestrator.exploration;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SimulatedOrchestrator;
import dev.memlane.orchestrator.Unindexed;
import dev.memlane.orchestrator.internal.DetachedIndex;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Ids;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.OpenedStores;
import dev.memlane.orchestrator.internal.follow.SharedCheckpoint;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
 * It is deterministic. So {@link #received}, a digest of everything that the world has sent to it, in order, stands for
 * its whole internal state. Not safe for use by several threads.
 */
final class SimulatedProcess implements SimulatedStores.Network, Ids {

  /** An alarm set for this long or longer is a deadline; a shorter one is a pause between two attempts. */
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
  /** A keeper reads in one pass and compares in the next, and a fault may make it begin anew. */
  private static final int MOST_POLLS_IN_VAIN = 20;

  private final World world;
  private final int number;
  private final int incarnation;
  private final SimulatedTimer timer = new SimulatedTimer();
  /** Whether it only writes. Then its index stays as it is, and nobody asks it. */
  private final boolean writer;
  /** The index of its own; empty and unused if it shares one. */
  private final SimulatedIndex index;
  private final @Nullable SimulatedCluster cluster;
  private final SimulatedOrchestrator orchestrator;

  private final List<Runnable> tasks = new ArrayList<>();
  private final List<Sent> units = new ArrayList<>();
  private final List<SentWrite> writes = new ArrayList<>();
  private final List<Read<?>> reads = new ArrayList<>();
  private final List<Answer> answers = new ArrayList<>();
  private @Nullable Feed feed;
  private long receivedAtPoll;
  /** What the keeper's feeds were at the last poll, and how many polls have found them so. */
  private long keptAtPoll;
  private int pollsInVain;
  /** Whether the next poll is a checkpoint's. Used only where the rule is left out. */
  private boolean proofLeft;
  private boolean up = true;
  private boolean open;
  private long received;
  private int requests;
  private int minted;

  /**
   * A unit that was sent and not yet answered.
   *
   * @param identity distinguishes it from all others; the same in every run in which its process sends it in the same
   * state
   */
  record Sent(SimulatedProcess process, SimulatedUnit unit, long identity) {
    @Override
    public String toString() {
      return process + ": " + process.world.nameOf(unit);
    }
  }

  /**
   * A write to the shared index that was sent and not yet answered.
   *
   * @param identity as that of a unit
   */
  record SentWrite(SimulatedProcess process, SimulatedSharedIndex.Write write, long identity) {
    @Override
    public String toString() {
      return process + ": " + write.name;
    }
  }

  /** An answer that has not arrived yet. */
  private record Answer(Object to, @Nullable Sent unit, Runnable arrive) {}

  private final class Read<T> {
    private final String name;
    private final Supplier<T> query;
    private final ToLongFunction<? super T> digest;
    private final CompletableFuture<T> answer = new CompletableFuture<>();
    private final int request = ++requests;

    Read(String name, Supplier<T> query, ToLongFunction<? super T> digest) {
      this.name = name;
      this.query = query;
      this.digest = digest;
    }

    void execute() {
      complete(query.get());
    }

    void complete(T found) {
      receive(request);
      receive(digest.applyAsLong(found));
      answer.complete(found);
    }

    void fail() {
      receive(-request);
      answer.completeExceptionally(new SimulatedFailure("the database cannot be read"));
    }

    /** Reads now; the returned action delivers the answer. */
    Runnable executeWithLateAnswer() {
      T found = query.get();
      return () -> complete(found);
    }

    @Override
    public String toString() {
      return SimulatedProcess.this + ": " + name;
    }
  }

  SimulatedProcess(World world, int number, int incarnation, SimulatedIndex.Saved saved) {
    this.world = world;
    this.number = number;
    this.incarnation = incarnation;
    this.writer = number == world.writer();
    this.received = new Digest().add(number).add(incarnation).add(digest(saved.documents()))
        .add(Objects.hashCode(saved.checkpoint())).value();
    this.index = new SimulatedIndex(world.without(), saved, this::fate);
    this.cluster = world.cluster();
    SimulatedStores stores = new SimulatedStores(world.database(), world.without(), this);
    Environment environment = new Environment(this::execute, timer, timer, this);
    this.orchestrator = new SimulatedOrchestrator(
        new OpenedStores(stores.units(), stores.core(), stores.history(),
            index(), null),
        environment, world.embedder(),
        SimulatedTimer.BETWEEN_POLLS,
        locks -> world.without().contains(Rule.FOLLOWER_TAKES_LOCK) ? new MemoryLocks(environment) : locks);
  }

  private VectorIndex index() {
    if (writer) {
      return new DetachedIndex(world.embedder().vectorName(), world.embedder().dimension());
    }
    return cluster == null
        ? index
        : new SimulatedSharedIndex(cluster, world.without(), new SimulatedSharedIndex.Network() {
          @Override
          public void send(SimulatedSharedIndex.Write write) {
            if (up) {
              requests++;
              writes.add(new SentWrite(SimulatedProcess.this, write, Digest.mix(received, requests)));
            }
          }

          @Override
          public <T> CompletableFuture<T> read(String name, Supplier<T> query, ToLongFunction<? super T> digest) {
            return SimulatedProcess.this.read(name, query, digest);
          }
        });
  }

  // ---- life cycle ----------------------------------------------------------------------------------------------------

  /** Opens; all of its reads are answered at once. */
  void begin() {
    start();
    while (!open) {
      if (!runTask(null)) {
        if (reads.isEmpty()) {
          execute(writes.getFirst());
        } else {
          reads.removeFirst().execute();
        }
      }
    }
  }

  /** Opens as the product does: calls may begin after the comparison. */
  @SuppressWarnings("FutureReturnValueIgnored") // both ends are handled
  void start() {
    (writer ? orchestrator.startDetached() : orchestrator.start()).whenComplete((differing, failure) -> {
      if (failure == null) {
        open = true;
      } else {
        // Opening failed; its user opens it again.
        crash();
      }
    });
  }

  /** Ends at once. What it has sent may still be executed. */
  void crash() {
    up = false;
    open = false;
    tasks.clear();
    reads.clear();
    answers.clear();
    timer.shutdown();
    units.forEach(world::late);
    units.clear();
    writes.forEach(world::late);
    writes.clear();
  }

  /** Whether it has an index that has to agree with core. */
  boolean isIndexed() {
    return !writer;
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

  /** The index of its own. */
  SimulatedIndex ownIndex() {
    return index;
  }

  /** The documents that its searches find. */
  Set<DocumentName> documents() {
    return cluster == null ? index.documents() : cluster.documents();
  }

  /** The sets of documents that its searches could see, in order; they see the last one now. */
  List<Set<DocumentName>> views() {
    return cluster == null ? index.views() : cluster.views();
  }

  MemoryOrchestrator memory() {
    return orchestrator.memory();
  }

  long received() {
    return received;
  }

  void receive(long what) {
    received = Digest.mix(received, what);
  }

  /** Whether no task and no request is left, and everything is settled. */
  boolean isIdle() {
    return open && tasks.isEmpty() && isQuiet() && memory().awaitSettled().isDone();
  }

  /** The memories that it reports as not yet followed by its index. */
  List<Unindexed> unindexed() {
    return orchestrator.unindexed();
  }

  static long digest(Set<DocumentName> documents) {
    return documents.stream().mapToLong(name -> new Digest().add(name.memory().value()).add(name.op().value()).value())
        .sum();
  }

  // ---- executor and ids ----------------------------------------------------------------------------------------------

  private void execute(Runnable task) {
    if (up) {
      tasks.add(task);
    }
  }

  /** Runs one task, the oldest one if there is no order. Returns false if there is no task. */
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

  // ---- requests ------------------------------------------------------------------------------------------------------

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
    receive(fate[0].name().hashCode());
    return fate[0];
  }

  @Override
  public void send(SimulatedUnit unit) {
    if (up) {
      world.sent(number, unit);
      requests++;
      units.add(new Sent(this, unit, Digest.mix(received, requests)));
    }
  }

  @Override
  public <T> CompletableFuture<T> read(String name, Supplier<T> query, ToLongFunction<? super T> digest) {
    if (up) {
      Read<T> read = new Read<>(name, query, digest);
      reads.add(read);
      return read.answer;
    }
    return new CompletableFuture<>();
  }

  // ---- steps ---------------------------------------------------------------------------------------------------------

  void addSteps(List<Step> steps) {
    for (Read<?> read : reads) {
      addSteps(read, steps);
    }
    for (Sent sent : units) {
      addSteps(sent, steps);
    }
    for (SentWrite sent : writes) {
      addSteps(sent, steps);
    }
    for (Answer answer : answers) {
      steps.add(Step.of(answer.to, "answer arrives", () -> {
        answers.remove(answer);
        answer.arrive.run();
      }));
    }
    if (index.mayBeginCheckpoint()) {
      steps.add(Step.of(this, "the commit begins its checkpoint", () -> {
        receive(15);
        index.beginCheckpoint();
      }));
    }
    if (index.mayFix()) {
      steps.add(Step.of(this, "the commit fixes its documents", () -> {
        receive(13);
        index.fix();
      }));
    }
    if (index.mayComplete()) {
      steps.add(Step.of(this, "the commit is made", () -> {
        receive(14);
        index.completeCommit();
      }));
    }
    if (index.hanging() != null) {
      steps.add(Step.of(this, "the " + index.hanging() + " that hung ends", () -> endHanging(true)));
      if (index.hangsUnexpired()) {
        steps.add(Step.of(this, "the " + index.hanging() + " that hung fails", () -> endHanging(false)));
      }
    }
    SimulatedTimer.Alarm alarm = timer.first();
    if (alarm != null && alarm.delay().compareTo(LONGEST_PAUSE) < 0) {
      steps.add(Step.of(this, "a pause ends", () -> {
        receive(5);
        timer.moveTo(alarm.time());
      }));
    }
    Instant deadline = deadline();
    if (deadline != null) {
      // A put that hangs has been counted as a fault already; passing its deadline is the effect.
      Step.Cost cost = index.hangsUnexpired() ? Step.Cost.NOTHING : Step.Cost.FAULT;
      steps.add(new Step(this, "nothing is answered before the deadline", cost, cost == Step.Cost.FAULT,
          () -> passTo(deadline)));
    }
  }

  private void addSteps(Read<?> read, List<Step> steps) {
    steps.add(Step.of(read, "read", () -> {
      reads.remove(read);
      read.execute();
    }));
    steps.add(Step.fault(read, "read fails", () -> {
      reads.remove(read);
      read.fail();
    }));
    steps.add(Step.fault(read, "read, answer delayed", () -> {
      reads.remove(read);
      answers.add(new Answer(read, null, read.executeWithLateAnswer()));
    }));
  }

  private void addSteps(Sent sent, List<Step> steps) {
    SimulatedUnit unit = sent.unit;
    steps.add(Step.of(sent, "executed", () -> {
      answer(sent, unit, world.execute(unit, number));
    }));
    steps.add(Step.fault(sent, "executed, answer delayed", () -> {
      List<StoreResult> results = world.execute(unit, number);
      units.remove(sent);
      answers.add(new Answer(sent, sent, () -> answer(sent, unit, results)));
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

  private void answer(Sent sent, SimulatedUnit unit, List<StoreResult> results) {
    units.remove(sent);
    receive(sent.identity);
    results
        .forEach(result -> receive(result instanceof StoreResult.Applied applied ? applied.receipt().version() : -1));
    unit.answer(results);
  }

  private void answerAll(Sent sent, StoreResult answer, int how) {
    units.remove(sent);
    receive(sent.identity);
    receive(-10 - how);
    sent.unit.answerAll(answer);
  }

  private void addSteps(SentWrite sent, List<Step> steps) {
    steps.add(Step.of(sent, "executed", () -> execute(sent)));
    steps.add(Step.fault(sent, "executed, answer lost", () -> {
      sent.write.execute();
      answer(sent, SimulatedSharedIndex.Ending.IN_DOUBT);
    }));
    steps.add(Step.fault(sent, "given up", () -> {
      world.late(sent);
      answer(sent, SimulatedSharedIndex.Ending.IN_DOUBT);
    }));
    steps.add(Step.fault(sent, "refused", () -> answer(sent, SimulatedSharedIndex.Ending.REFUSED)));
  }

  private void execute(SentWrite sent) {
    sent.write.execute();
    answer(sent, SimulatedSharedIndex.Ending.DONE);
  }

  private void answer(SentWrite sent, SimulatedSharedIndex.Ending ending) {
    writes.remove(sent);
    receive(sent.identity);
    receive(ending.hashCodeOfName());
    sent.write.answer(ending);
  }

  private void endHanging(boolean done) {
    receive(done ? 6 : 7);
    index.endHanging(done);
  }

  /** The first deadline of the requests in progress, or null. */
  private @Nullable Instant deadline() {
    Instant first = index.deadline();
    for (Sent sent : units) {
      first = earlier(first, sent.unit.deadline());
    }
    for (SentWrite sent : writes) {
      Instant bound = sent.write.deadline;
      first = bound == null ? first : earlier(first, bound);
    }
    for (Answer answer : answers) {
      first = answer.unit == null ? first : earlier(first, answer.unit.unit.deadline());
    }
    SimulatedTimer.Alarm alarm = timer.first();
    return alarm != null && alarm.delay().compareTo(LONGEST_PAUSE) >= 0 ? earlier(first, alarm.time()) : first;
  }

  private static Instant earlier(@Nullable Instant one, Instant other) {
    return one == null || other.isBefore(one) ? other : one;
  }

  /** Adds the begin of a commit. It need not happen, so it is none of the steps that hold up others. */
  void addCommit(List<Step> steps) {
    if (!writer && cluster == null && index.mayCommit()) {
      steps.add(Step.commit(this, () -> {
        receive(12);
        index.beginCommit();
      }));
    }
  }

  /**
   * Adds a poll of the log if it could find a change, or a memory whose lock is free again. All other polls, one every
   * half second, are left out.
   *
   * @param cost what a poll costs at this point
   */
  void addPoll(List<Step> steps, Step.Cost cost) {
    if (hasToPoll()) {
      steps.add(new Step(this, "the follower polls", cost, cost == Step.Cost.FAULT, () -> {
        receive(9);
        countPoll();
        timer.poll();
      }));
    }
  }

  private boolean hasToPoll() {
    return timer.awaitsPoll()
        && (hasUnreadChanges() || cluster == null && received != receivedAtPoll && isQuiet());
  }

  private void countPoll() {
    if (cluster != null) {
      long now = kept();
      pollsInVain = now == keptAtPoll ? pollsInVain + 1 : 0;
      keptAtPoll = now;
    }
  }

  private long kept() {
    return new Digest().add(world.database().digest())
        .add(Objects.requireNonNull(cluster).digest()).value();
  }

  /**
   * Whether the log has changed since the last poll; with a shared index, whether its checkpoint is behind. A checkpoint that
   * was executed late stays behind until something changes, because the keepers have come further themselves.
   */
  boolean hasUnreadChanges() {
    if (cluster != null) {
      return (pollsInVain < MOST_POLLS_IN_VAIN || kept() != keptAtPoll)
          && SharedCheckpoint.read(cluster.checkpoint()).map(this::isBehind).orElse(true);
    }
    return feed != null && !world.database().changesSince(feed.position).memories().isEmpty();
  }

  private boolean isBehind(SharedCheckpoint checkpoint) {
    SimulatedCluster shared = Objects.requireNonNull(cluster);
    String position = checkpoint.log().position();
    int read = position.isEmpty() ? 0 : Integer.parseUnsignedInt(position);
    boolean changed = !world.database().logPage(read, 1).changes().isEmpty();
    boolean arrived = shared.arrivals().stream().skip(Integer.parseInt(checkpoint.arrivals()))
        .anyMatch(shared.documents()::contains);
    return changed && !world.without().contains(Rule.KEEPER_READS_LOG)
        || arrived && !world.without().contains(Rule.KEEPER_READS_ARRIVALS);
  }

  /** Whether nothing that it has in progress can change the database. */
  boolean onlyFollows() {
    return units.isEmpty() && memory().awaitSettled().isDone();
  }

  /** Whether it waits for nothing but its next poll. */
  boolean isQuiet() {
    return units.isEmpty() && writes.isEmpty() && reads.isEmpty() && answers.isEmpty() && index.hanging() == null
        && !index.isCommitting()
        && timer.first() == null;
  }

  /** The log, read from where this process has got to. */
  private final class Feed implements ChangeFeed {
    private int position;
    private boolean broken;

    Feed(int position) {
      this.position = position;
    }

    @Override
    public CompletableFuture<Changes> poll() {
      if (proofLeft && world.without().contains(Rule.CHECKPOINT_FOLLOWS)) {
        proofLeft = false;
        return CompletableFuture.completedFuture(new Changes(Map.of(), Set.of(), false));
      }
      List<Step> steps = new ArrayList<>(2);
      steps.add(Step.of(SimulatedProcess.this, "the log is read", () -> {}));
      steps.add(Step.fault(SimulatedProcess.this, "reading the log fails", () -> broken = true));
      world.decide(steps);
      receive(broken ? 10 : 11);
      if (broken) {
        return CompletableFuture.failedFuture(new SimulatedFailure("the feed lost its connection"));
      }
      Changes changes = world.database().changesSince(position, world.without().contains(Rule.EVERY_OPERATION_COUNTS));
      position = world.database().changes();
      receive(changes.operations().values().stream().flatMap(Set::stream)
          .mapToLong(op -> new Digest().add(op.value()).value()).sum());
      receivedAtPoll = received;
      return CompletableFuture.completedFuture(changes);
    }

    @Override
    public void close() {
      feed = null;
    }
  }

  @Override
  public void proofLeft() {
    proofLeft = true;
  }

  @Override
  public ChangeFeed follow(int from) {
    feed = new Feed(from);
    return feed;
  }

  private void passTo(Instant time) {
    receive(8);
    timer.moveTo(time);
    index.expire(timer.instant());
    for (Sent sent : List.copyOf(units)) {
      if (!sent.unit.deadline().isAfter(timer.instant())) {
        world.late(sent);
        answerAll(sent, new StoreResult.InDoubt(new SimulatedFailure("no answer at the deadline")), 3);
      }
    }
    for (SentWrite sent : List.copyOf(writes)) {
      Instant bound = sent.write.deadline;
      if (bound != null && !bound.isAfter(timer.instant())) {
        world.late(sent);
        answer(sent, SimulatedSharedIndex.Ending.IN_DOUBT);
      }
    }
    for (Answer answer : List.copyOf(answers)) {
      if (answer.unit != null && !answer.unit.unit.deadline().isAfter(timer.instant())) {
        answers.remove(answer);
        answerAll(answer.unit, new StoreResult.InDoubt(new SimulatedFailure("no answer at the deadline")), 3);
      }
    }
  }

  /** Lets the time pass to the next alarm, for when nothing else can happen; null if there is no alarm. */
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
