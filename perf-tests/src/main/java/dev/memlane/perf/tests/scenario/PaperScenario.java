package dev.memlane.perf.tests.scenario;

import dev.memlane.model.IndexSummary;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Receipt;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Contestant;
import dev.memlane.perf.tests.FindingCollector;
import dev.memlane.perf.tests.Load;
import dev.memlane.perf.tests.Sample;
import dev.memlane.perf.tests.Scenario;
import dev.memlane.perf.tests.Verdict.Bar;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;

/**
 * The gain of the fan-out on paper: stores that take 25, 25 and 20 ms and do nothing else. The orchestrator is the real
 * one, with its tracking and its undo, over simulated stores.
 */
public final class PaperScenario implements Scenario {

  private static final Duration DATABASE = Duration.ofMillis(25);
  private static final Duration INDEX = Duration.ofMillis(20);
  private static final int TOGETHER = 1_000;
  /** The calls before the first round. The rounds alone do not run a call of 25 ms often enough to have it compiled. */
  private static final int WARM_UP = 50;
  private static final String FAILING = "refused";

  private static final String SEQUENTIAL = "one after the other";
  private static final String PARALLEL = "parallel, untracked";
  private static final String ADD = "addMemory";
  private static final String UNDONE = "addMemory, rolled back";
  private static final String ALL = "addMemory, " + TOGETHER + " at once";
  private static final String SLOWEST = "slowest ms";

  private final ScheduledExecutorService timer = Executors
      .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("simulated-stores").factory());

  @Override
  public String name() {
    return "paper";
  }

  @Override
  public String title() {
    return "stores simulated at 25, 25 and 20 ms: one after the other, in parallel, and through the orchestrator;"
        + " the ideal is 70/25 = 2.8";
  }

  @Override
  public void run(Bench bench) throws Exception {
    GeneratedMemories generated = new GeneratedMemories();
    try (MemoryOrchestrator memory = open()) {
      bench.say("warming up with " + WARM_UP * TOGETHER + " adds");
      for (int i = 0; i < WARM_UP; i++) {
        together(memory, generated);
      }
      bench.race(List.of(
          closed(bench, SEQUENTIAL, number -> {
            after(DATABASE, "core").join();
            after(INDEX, "index").join();
            after(DATABASE, "history").join();
          }),
          closed(bench, PARALLEL, number -> CompletableFuture
              .allOf(after(DATABASE, "core"), after(INDEX, "index"), after(DATABASE, "history")).join()),
          closed(bench, ADD, number -> memory.blocking().addMemory(generated.memory(number))),
          closed(bench, UNDONE, number -> requireRolledBack(memory, generated, number)),
          new Contestant(ALL, "", () -> together(memory, generated))));
    }
    judge(bench.findings(), !bench.quick());
  }

  private static Contestant closed(Bench bench, String name, Load.Call call) {
    return new Contestant(name, "", () -> Load.closed(1, bench.slice(2), call).sample());
  }

  private static void requireRolledBack(MemoryOrchestrator memory, GeneratedMemories generated, long number) {
    try {
      memory.blocking().addMemory(NewMemory.builder(FAILING, generated.scope(number))
          .embedding(generated.vector(number)).build());
    } catch (MemoryWriteException e) {
      return;
    }
    throw new IllegalStateException("an add that the index refuses was stored");
  }

  private static Sample together(MemoryOrchestrator memory, GeneratedMemories generated) {
    List<NewMemory> memories = LongStream.range(0, TOGETHER).mapToObj(generated::memory).toList();
    long begun = System.nanoTime();
    List<CompletableFuture<Long>> ends = new ArrayList<>();
    for (NewMemory each : memories) {
      ends.add(memory.addMemory(each).thenApply(stored -> System.nanoTime()));
    }
    long last = ends.stream().mapToLong(CompletableFuture::join).max().orElseThrow();
    return Sample.of(SLOWEST, (last - begun) / 1e6);
  }

  private static void judge(FindingCollector findings, boolean fullSize) {
    findings.judge("addMemory over one after the other", findings.ratio(Sample.PER_SECOND, "", ADD, SEQUENTIAL),
        Bar.atLeast(2.7), fullSize);
    findings.judge("slowest of " + TOGETHER + " adds at once over a single one's p50",
        FindingCollector.ratio(findings.rounds(ALL, "", SLOWEST), findings.rounds(ADD, "", Sample.P50)),
        Bar.atMost(1.5),
        fullSize);
  }

  // Stores

  @SuppressWarnings("FutureReturnValueIgnored") // the stores return them
  private MemoryOrchestrator open() {
    CoreStore core = OverriddenStore.of(CoreStore.class, null, Map.of(
        "write", arguments -> answer(DATABASE, StoreKind.CORE, (Operation) arguments[1]),
        "undo", arguments -> answer(DATABASE, StoreKind.CORE, (Operation) arguments[1]),
        "count", arguments -> CompletableFuture.completedFuture(0L),
        "heads", arguments -> CompletableFuture.completedFuture(List.of()),
        "expired", arguments -> CompletableFuture.completedFuture(List.of()),
        "sweepable", arguments -> CompletableFuture.completedFuture(List.of())));
    HistoryStore history = OverriddenStore.of(HistoryStore.class, null, Map.of(
        "write", arguments -> answer(DATABASE, StoreKind.HISTORY, (Operation) arguments[1]),
        "undo", arguments -> answer(DATABASE, StoreKind.HISTORY, (Operation) arguments[1]),
        "erased", arguments -> CompletableFuture.completedFuture(List.of()),
        "sweepVoid", arguments -> CompletableFuture.completedFuture(0)));
    VectorIndex index = OverriddenStore.of(VectorIndex.class, null, Map.of(
        "put", arguments -> put((IndexDocument) arguments[0]),
        "names", arguments -> CompletableFuture.completedFuture(List.of()),
        "generation", arguments -> 0L,
        "summary", arguments -> new IndexSummary(GeneratedMemories.MODEL, GeneratedMemories.DIMENSION, 0, 0, 0)));
    return MemoryOrchestrator.builder().stores(SimulatedUnit::new, core, history, index)
        .embedder(new GivenVectorEmbedder())
        .followEvery(Duration.ZERO).open();
  }

  private CompletableFuture<StoreResult> put(IndexDocument document) {
    return after(INDEX, "index").thenApply(done -> document.memory().content().equals(FAILING)
        ? new StoreResult.NotApplied(new StoreException("refused by the scenario", null))
        : new StoreResult.Applied(new Receipt(StoreKind.VECTOR, document.memory().id(), document.memory().op(), 1)));
  }

  private CompletableFuture<StoreResult> answer(Duration time, StoreKind store, Operation operation) {
    return after(time, store.name())
        .thenApply(done -> new StoreResult.Applied(new Receipt(store, operation.memory(), operation.op(), 1)));
  }

  @SuppressWarnings("FutureReturnValueIgnored") // The timer ends with the process.
  private CompletableFuture<String> after(Duration time, String answer) {
    CompletableFuture<String> answered = new CompletableFuture<>();
    timer.schedule(() -> Thread.ofVirtual().start(() -> answered.complete(answer)), time.toNanos(),
        TimeUnit.NANOSECONDS);
    return answered;
  }

  private record SimulatedUnit(Kind kind, MemoryId memory, OperationId op, Instant deadline) implements Unit {
    @Override
    public void withdraw(Throwable cause) {}
  }
}
