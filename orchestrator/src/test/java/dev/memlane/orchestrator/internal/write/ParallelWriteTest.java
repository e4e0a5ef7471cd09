package dev.memlane.orchestrator.internal.write;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResults;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.Unit;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.GuardedIndex;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.TimeOrderedIds;
import dev.memlane.testing.TestOperations;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The fan-out, with a unit that stays in its queue. */
class ParallelWriteTest {

  private final QueuedUnit unit = new QueuedUnit();
  private final List<Runnable> steps = new ArrayList<>();

  @Test
  void putThatIsRefusedAtOnce_leavesTheDatabaseAlone() {
    StoreResult refused = new StoreResult.NotApplied(new StoreException("the index is full", null));

    CompletableFuture<StoreResults> answers = write(CompletableFuture.completedFuture(refused));

    assertThat(answers).isCompletedWithValue(new StoreResults(refused, refused, refused));
    assertThat(unit.parts).isEmpty();
  }

  @Test
  void putThatIsRefusedLater_waitsForTheUnit() {
    CompletableFuture<StoreResult> put = new CompletableFuture<>();

    CompletableFuture<StoreResults> answers = write(put);
    put.complete(new StoreResult.NotApplied(new StoreException("the index is closed", null)));

    assertThat(unit.parts).hasSize(2).noneMatch(CompletableFuture::isDone);
    assertThat(answers).isNotDone();
  }

  /** Whichever thread of the index completes a put, what depends on it runs on another thread. */
  @Test
  void putThatIsAnsweredLast_goesOnInTheExecutor() {
    CompletableFuture<StoreResult> put = new CompletableFuture<>();
    StoreResult failed = new StoreResult.NotApplied(new StoreException("failed", null));

    CompletableFuture<StoreResults> answers = write(put);
    unit.answer(failed);
    put.complete(failed);

    assertThat(answers).isNotDone();
    steps.removeFirst().run();
    assertThat(answers).isCompletedWithValue(new StoreResults(failed, failed, failed));
  }

  @Test
  void unitThatIsAnsweredLast_goesOnWhereItIs() {
    CompletableFuture<StoreResult> put = new CompletableFuture<>();
    StoreResult failed = new StoreResult.NotApplied(new StoreException("failed", null));

    CompletableFuture<StoreResults> answers = write(put);
    put.complete(failed);
    assertThat(answers).isNotDone();
    unit.answer(failed);

    assertThat(answers).isCompletedWithValue(new StoreResults(failed, failed, failed));
    assertThat(steps).isEmpty();
  }

  private CompletableFuture<StoreResults> write(CompletableFuture<StoreResult> put) {
    Stores stores = new Stores((kind, memory, op, deadline) -> unit, answering(CoreStore.class, unit::join),
        answering(HistoryStore.class, unit::join), answering(GuardedIndex.class, () -> put));
    try (ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1)) {
      Environment environment = new Environment(steps::add, timer, Clock.systemUTC(),
          new TimeOrderedIds(Clock.systemUTC()));
      return new ParallelWrite(stores, environment).write(TestOperations.add("Ada plays the oboe"), Instant.MAX);
    }
  }

  /** A store whose every method returns this. */
  private static <T> T answering(Class<T> contract, Supplier<CompletableFuture<StoreResult>> answer) {
    return contract.cast(Proxy.newProxyInstance(contract.getClassLoader(), new Class<?>[]{contract},
        (proxy, method, arguments) -> answer.get()));
  }

  private static final class QueuedUnit implements Unit {

    final List<CompletableFuture<StoreResult>> parts = new ArrayList<>();

    CompletableFuture<StoreResult> join() {
      CompletableFuture<StoreResult> part = new CompletableFuture<>();
      parts.add(part);
      return part;
    }

    void answer(StoreResult result) {
      parts.forEach(part -> part.complete(result));
    }

    @Override
    public void withdraw(Throwable cause) {
      answer(new StoreResult.NotApplied(cause));
    }

    @Override
    public Kind kind() {
      return Kind.WRITE;
    }

    @Override
    public MemoryId memory() {
      throw new UnsupportedOperationException();
    }

    @Override
    public OperationId op() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Instant deadline() {
      return Instant.MAX;
    }
  }
}
