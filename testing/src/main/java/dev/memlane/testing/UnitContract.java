package dev.memlane.testing;

import static dev.memlane.testing.TestOperations.add;
import static dev.memlane.testing.TestOperations.delete;
import static dev.memlane.testing.TestOperations.newId;
import static dev.memlane.testing.TestOperations.update;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Units: withdrawal, deadlines and concurrency. */
abstract class UnitContract extends StoresTestCase {

  UnitContract(Supplier<StoresContract.Opened> open) {
    super(open);
  }

  @Test
  void withdraw_beforeTheSecondPart_sendsNothing() {
    Operation add = add("withdrawn");
    Unit unit = begin(Unit.Kind.WRITE, add);
    CompletableFuture<StoreResult> corePart = core.write(unit, add);
    IllegalStateException cause = new IllegalStateException("history could not start");

    unit.withdraw(cause);

    assertThat(corePart.join()).isEqualTo(new StoreResult.NotApplied(cause));
    assertThat(history.write(unit, add).join()).isEqualTo(new StoreResult.NotApplied(cause));
    assertThat(core.read(List.of(add.memory()), false).join()).isEmpty();
  }

  @Test
  void deadline_beforeTheUnitIsSent_isNotApplied() {
    Operation add = add("too late");
    Unit unit = units.begin(Unit.Kind.WRITE, add.memory(), add.op(), Instant.now().minusSeconds(1));

    CompletableFuture<StoreResult> corePart = core.write(unit, add);
    CompletableFuture<StoreResult> historyPart = history.write(unit, add);

    assertThat(corePart.join()).isInstanceOf(StoreResult.NotApplied.class);
    assertThat(historyPart.join()).isInstanceOf(StoreResult.NotApplied.class);
    assertThat(core.read(List.of(add.memory()), false).join()).isEmpty();
  }

  static List<Long> seeds() {
    return Sample.oneIn(3, List.of(1L, 2L, 3L));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void concurrentUnits_eachGetsItsOwnResult_andABadOneFailsAlone(long seed) throws Exception {
    Random random = new Random(seed);
    int count = 300;
    List<Operation> operations = new ArrayList<>();
    List<Boolean> expected = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Operation operation = add("seed " + seed + " number " + i);
      int dice = random.nextInt(10);
      if (dice == 0) {
        // The database refuses this text; the model would have refused it before.
        Memory bad = new Memory(operation.memory(), Scope.user("ada"), null, null, "bad\u0000text", Metadata.empty(),
            null, operation.at(), operation.at(), null, 1, operation.op());
        operation = add(bad);
      } else if (dice == 1) {
        assertApplied(write(operation));
        operation = update(row(operation.memory()), "changed");
      } else if (dice == 2) {
        assertApplied(write(operation));
        operation = delete(row(operation.memory()));
      }
      operations.add(operation);
      expected.add(dice != 0);
    }
    List<CompletableFuture<Written>> results = new ArrayList<>();
    CountDownLatch start = new CountDownLatch(1);
    for (Operation operation : operations) {
      CompletableFuture<Written> result = new CompletableFuture<>();
      results.add(result);
      Thread.ofVirtual().start(() -> {
        try {
          start.await();
          result.complete(write(operation));
        } catch (Throwable e) {
          result.completeExceptionally(e);
        }
      });
    }
    start.countDown();
    for (int i = 0; i < count; i++) {
      Written written = results.get(i).get();
      Operation operation = operations.get(i);
      if (expected.get(i)) {
        assertApplied(written);
        assertThat(row(operation.memory()).op()).as("seed %d, %s", seed, operation).isEqualTo(operation.op());
      } else {
        assertNotApplied(written);
        assertThat(core.read(List.of(operation.memory()), false).join()).as("seed %d", seed).isEmpty();
      }
      assertThat(history.has(operation.op()).join()).isEqualTo(expected.get(i));
    }
  }

  @Test
  void adds_ofOneIdFromManyThreads_oneLands() throws Exception {
    MemoryId id = newId();
    List<CompletableFuture<Written>> results = new ArrayList<>();
    CountDownLatch start = new CountDownLatch(1);
    for (int i = 0; i < 32; i++) {
      Operation operation = add(id, "number " + i, Scope.user("ada"), Metadata.empty());
      CompletableFuture<Written> result = new CompletableFuture<>();
      results.add(result);
      Thread.ofVirtual().start(() -> {
        try {
          start.await();
          result.complete(write(operation));
        } catch (Throwable e) {
          result.completeExceptionally(e);
        }
      });
    }
    start.countDown();
    long landed = 0;
    for (CompletableFuture<Written> result : results) {
      landed += result.get().core() instanceof StoreResult.Applied ? 1 : 0;
    }
    assertThat(landed).isEqualTo(1);
    assertThat(entries(id)).hasSize(1);
  }
}
