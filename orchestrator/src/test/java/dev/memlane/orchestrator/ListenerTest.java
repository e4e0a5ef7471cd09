package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.model.listen.OperationEnd;
import dev.memlane.model.listen.OperationStart;
import dev.memlane.model.listen.OperationType;
import dev.memlane.model.listen.StepEnd;
import dev.memlane.model.listen.StepStart;
import dev.memlane.model.listen.StepType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a listener hears of operations and their steps, on real stores. */
@Tag("programs")
class ListenerTest {

  private static final Scope ADA = Scope.user("ada");

  private final Recorder recorder = new Recorder();
  private TestMemory test;
  private MemoryOrchestrator memory;

  @BeforeEach
  void open(@TempDir Path directory) {
    test = TestMemory.open(directory);
    memory = listenedTo(recorder);
  }

  @AfterEach
  void close() {
    test.close();
  }

  private MemoryOrchestrator listenedTo(MemoryListener... listeners) {
    return new MemoryOrchestrator(test.engine, null, MemoryListener.of(List.of(listeners)));
  }

  @Test
  void add_isReported_withItsSteps() {
    NewMemory request = NewMemory.of("Ada plays the oboe", ADA);

    WriteOutcome outcome = memory.add(request).join();

    Entry add = recorder.only(OperationType.ADD);
    assertThat(add.thread).isSameAs(Thread.currentThread());
    assertThat(((OperationStart) add.start).request()).isSameAs(request);
    assertThat(add.operationEnd().result()).isSameAs(outcome);
    assertThat(add.operationEnd().outcome()).isEqualTo("stored");
    assertThat(recorder.stepsOf(add)).containsExactlyInAnyOrder(StepType.EMBEDDING, StepType.INDEX_WRITE,
        StepType.DATABASE_WRITE);
    assertThat(recorder.stepsOf(recorder.only(StepType.EMBEDDING))).containsExactly(StepType.EMBEDDING_REQUEST);
    assertThat(recorder.stepsOf(recorder.only(StepType.DATABASE_WRITE)))
        .containsExactlyInAnyOrder(StepType.COMMIT_QUEUE, StepType.TRANSACTION);
    assertThat(recorder.only(StepType.EMBEDDING_REQUEST).stepStart().model()).isEqualTo(test.embedder.model());
    assertThat(recorder.entries).allMatch(Entry::hasEnded).hasSize(7);
  }

  @Test
  void addUnderAKey_readsFirst_andADuplicateStopsThere() {
    memory.add(NewMemory.builder("Ada plays the oboe", ADA).key("oboe").build()).join();
    recorder.entries.clear();

    memory.add(NewMemory.builder("Ada plays the oboe", ADA).key("oboe").build()).join();

    Entry add = recorder.only(OperationType.ADD);
    assertThat(add.operationEnd().outcome()).isEqualTo("duplicate");
    assertThat(recorder.stepsOf(add)).containsExactly(StepType.DATABASE_READ);
  }

  @Test
  void updateDeleteAndErase_areReported_withTheirOutcomes() {
    Memory stored = memory.addMemory(NewMemory.of("Ada plays the oboe", ADA)).join();

    memory.updateMemory(MemoryUpdate.builder(stored.id()).content("Ada plays the flute").build()).join();
    memory.deleteMemory(MemoryDeletion.of(stored.id())).join();
    memory.deleteMemory(MemoryDeletion.of(stored.id()).purgingHistory()).join();
    assertThat(memory.deleteMemory(MemoryDeletion.of(stored.id()))).failsWithin(10, TimeUnit.SECONDS);

    assertThat(recorder.stepsOf(recorder.only(OperationType.UPDATE))).contains(StepType.DATABASE_READ,
        StepType.EMBEDDING, StepType.INDEX_WRITE, StepType.DATABASE_WRITE);
    assertThat(recorder.entries.stream().filter(entry -> entry.start instanceof OperationStart)
        .map(entry -> entry.type + " " + entry.operationEnd().outcome())).containsExactly("ADD stored",
            "UPDATE stored", "DELETE deleted", "ERASE deleted", "DELETE wasDeleted");
  }

  @Test
  void search_isReported_withItsSteps() {
    memory.add(NewMemory.of("Ada plays the oboe", ADA)).join();
    recorder.entries.clear();
    SearchRequest request = SearchRequest.builder("oboe").scope(ADA).build();

    List<SearchHit> hits = memory.search(request).join();

    Entry search = recorder.only(OperationType.SEARCH);
    assertThat(search.operationEnd().result()).isEqualTo(hits);
    assertThat(search.operationEnd().outcome()).isEqualTo("completed");
    assertThat(recorder.stepsOf(search)).containsExactly(StepType.EMBEDDING, StepType.INDEX_SEARCH,
        StepType.DATABASE_READ);
  }

  @Test
  void partsOfABatch_knowTheirBatch() {
    memory.addMemories(List.of(NewMemory.of("Ada plays the oboe", ADA), NewMemory.of("Ada likes tea", ADA))).join();
    memory.deleteAll(ADA, null).join();

    Entry adds = recorder.only(OperationType.ADD_MEMORIES);
    Entry deletes = recorder.only(OperationType.DELETE_ALL);
    assertThat(recorder.all(OperationType.ADD)).hasSize(2)
        .allMatch(add -> ((OperationStart) add.start).batch() == adds);
    assertThat(recorder.all(OperationType.DELETE)).hasSize(2)
        .allMatch(delete -> ((OperationStart) delete.start).batch() == deletes);
    assertThat(recorder.entries).allMatch(Entry::hasEnded);
  }

  @Test
  void sharedRequestsAndTransactions_knowEveryoneTheyServe() {
    // While the first request hangs, the other texts gather; then they go out together.
    test.embedder.hangingOn = text -> text.contains("first");
    List<CompletableFuture<WriteOutcome>> adds = new ArrayList<>();
    adds.add(memory.add(NewMemory.of("the first", ADA)));
    for (int i = 0; i < 50; i++) {
      adds.add(memory.add(NewMemory.of("memory " + i, ADA)));
    }
    test.embedder.release.complete(null);
    adds.forEach(CompletableFuture::join);

    List<Entry> embeddings = recorder.all(StepType.EMBEDDING);
    assertThat(recorder.all(StepType.EMBEDDING_REQUEST)).anyMatch(request -> request.stepStart().contexts().size() > 1)
        .allMatch(request -> request.stepStart().size() == request.stepStart().contexts().size())
        .flatExtracting(request -> request.stepStart().contexts()).containsExactlyInAnyOrderElementsOf(embeddings);
    assertThat(recorder.all(StepType.TRANSACTION))
        .allMatch(transaction -> transaction.stepStart().size() == transaction.stepStart().contexts().size())
        .flatExtracting(transaction -> transaction.stepStart().contexts())
        .containsExactlyInAnyOrderElementsOf(recorder.all(StepType.DATABASE_WRITE));
    assertThat(embeddings).flatExtracting(embedding -> embedding.stepStart().contexts()).doesNotHaveDuplicates()
        .containsExactlyInAnyOrderElementsOf(recorder.all(OperationType.ADD));
  }

  @Test
  void writeThatTheIndexRefuses_isSettled_beforeItsCallerIsTold() {
    test.index.refusing("put");

    memory.add(NewMemory.of("Ada plays the oboe", ADA)).join();

    Entry add = recorder.only(OperationType.ADD);
    assertThat(add.operationEnd().outcome()).isEqualTo("rolledBack");
    assertThat(recorder.stepsOf(add)).containsExactly(StepType.EMBEDDING, StepType.INDEX_WRITE, StepType.SETTLING);
    assertThat(recorder.only(StepType.INDEX_WRITE).stepEnd().failure()).isNotNull();
  }

  @Test
  void unsettledWrite_isSettledInTheBackground() {
    test.index.losingNextAnswer("put");

    memory.add(NewMemory.of("Ada plays the oboe", ADA)).join();
    memory.awaitSettled().join();

    Entry add = recorder.only(OperationType.ADD);
    assertThat(add.operationEnd().outcome()).isEqualTo("unsettled");
    assertThat(recorder.stepsOf(add)).contains(StepType.BACKGROUND_SETTLING);
    assertThat(recorder.only(StepType.BACKGROUND_SETTLING).hasEnded()).isTrue();
  }

  @Test
  void failedEmbedding_isReported_withItsReason() {
    test.embedder.failing.set(true);

    memory.add(NewMemory.of("Ada plays the oboe", ADA)).join();

    assertThat(recorder.only(OperationType.ADD).operationEnd().outcome()).isEqualTo("refused");
    assertThat(recorder.all(StepType.EMBEDDING_REQUEST)).isNotEmpty()
        .allSatisfy(request -> assertThat(request.stepEnd().failure()).hasMessageContaining("no power"));
    assertThat(recorder.only(StepType.EMBEDDING).stepEnd().failure()).hasMessageContaining("no power");
  }

  @Test
  void listenerThatThrows_breaksNoOperation_andKeepsNothingFromOthers() {
    memory = listenedTo(new ThrowingListener(), recorder);

    WriteOutcome outcome = memory.add(NewMemory.of("Ada plays the oboe", ADA)).join();

    assertThat(outcome).isInstanceOf(WriteOutcome.Stored.class);
    assertThat(memory.search(SearchRequest.builder("oboe").scope(ADA).build()).join()).hasSize(1);
    assertThat(recorder.only(OperationType.ADD).hasEnded()).isTrue();
    assertThat(recorder.stepsOf(recorder.only(OperationType.ADD))).hasSize(3);
    assertThat(recorder.entries).allMatch(Entry::hasEnded);
  }

  /** Each call waits until another thread has read every queue, which takes their locks. */
  @Test
  void listener_isCalledWithoutLocks() {
    QueueReader reader = new QueueReader(test.engine);
    memory = listenedTo(reader, recorder);

    memory.addMemories(Stream.of("one", "two", "three").map(text -> NewMemory.of(text, ADA)).toList()).join();
    memory.search(SearchRequest.builder("one").scope(ADA).build()).join();
    test.index.losingNextAnswer("put");
    memory.add(NewMemory.of("Ada plays the oboe", ADA)).join();
    memory.awaitSettled().join();
    memory.deleteAll(ADA, null, true).join();

    assertThat(reader.failures).isEmpty();
    assertThat(recorder.entries).isNotEmpty().allMatch(Entry::hasEnded);
  }

  /** An operation or a step, which is its own context. Compared by identity. */
  private static final class Entry {
    final Object type;
    final Object start;
    final Thread thread = Thread.currentThread();
    final CompletableFuture<Object> end = new CompletableFuture<>();

    Entry(Object type, Object start) {
      this.type = type;
      this.start = start;
    }

    StepStart stepStart() {
      return (StepStart) start;
    }

    boolean hasEnded() {
      return end.isDone();
    }

    OperationEnd operationEnd() {
      return (OperationEnd) end.resultNow();
    }

    StepEnd stepEnd() {
      return (StepEnd) end.resultNow();
    }

    @Override
    public String toString() {
      return type + (end.isDone() ? "" : " (under way)");
    }
  }

  /** Keeps what it hears. */
  private static final class Recorder implements MemoryListener {

    final Queue<Entry> entries = new ConcurrentLinkedQueue<>();

    private Entry add(Object type, Object start) {
      Entry entry = new Entry(type, start);
      entries.add(entry);
      return entry;
    }

    private static void end(@Nullable Object context, Object end) {
      if (context instanceof Entry entry && !entry.end.complete(end)) {
        throw new AssertionError(entry + " has ended twice");
      }
    }

    @Override
    public Object operationBegan(OperationStart start) {
      return add(start.type(), start);
    }

    @Override
    public void operationEnded(OperationEnd end, @Nullable Object context) {
      end(context, end);
    }

    @Override
    public Object stepBegan(StepStart start) {
      return add(start.type(), start);
    }

    @Override
    public void stepEnded(StepEnd end, @Nullable Object context) {
      end(context, end);
    }

    List<Entry> all(Object type) {
      return entries.stream().filter(entry -> entry.type.equals(type)).toList();
    }

    Entry only(Object type) {
      assertThat(all(type)).hasSize(1);
      return all(type).getFirst();
    }

    List<Object> stepsOf(Entry served) {
      return entries.stream()
          .filter(entry -> entry.start instanceof StepStart step && step.contexts().contains(served))
          .map(entry -> entry.type).toList();
    }
  }

  private static final class ThrowingListener implements MemoryListener {
    @Override
    public Object operationBegan(OperationStart start) {
      throw new IllegalStateException("a listener's defect");
    }

    @Override
    public void operationEnded(OperationEnd end, @Nullable Object context) {
      throw new IllegalStateException("a listener's defect");
    }

    @Override
    public Object stepBegan(StepStart start) {
      throw new AssertionError("a listener's defect");
    }

    @Override
    public void stepEnded(StepEnd end, @Nullable Object context) {
      throw new AssertionError("a listener's defect");
    }
  }

  private static final class QueueReader implements MemoryListener {

    final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final Engine engine;

    QueueReader(Engine engine) {
      this.engine = engine;
    }

    private void read() {
      try {
        CompletableFuture.runAsync(() -> {
          engine.admission.inFlight();
          engine.embedder.stats();
          engine.settler.unsettled();
          engine.stores.units().waiting();
          engine.background();
        }, command -> Thread.ofVirtual().start(command)).get(10, TimeUnit.SECONDS);
      } catch (Exception e) {
        failures.add(e);
      }
    }

    @Override
    public Object operationBegan(OperationStart start) {
      read();
      return this;
    }

    @Override
    public void operationEnded(OperationEnd end, @Nullable Object context) {
      read();
    }

    @Override
    public Object stepBegan(StepStart start) {
      read();
      return this;
    }

    @Override
    public void stepEnded(StepEnd end, @Nullable Object context) {
      read();
    }

    @Override
    public Runnable enter(Object context) {
      read();
      return this::read;
    }
  }
}
