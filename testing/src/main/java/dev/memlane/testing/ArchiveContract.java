package dev.memlane.testing;

import static dev.memlane.testing.TestOperations.add;
import static dev.memlane.testing.TestOperations.delete;
import static dev.memlane.testing.TestOperations.newId;
import static dev.memlane.testing.TestOperations.newOp;
import static dev.memlane.testing.TestOperations.update;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.Embedding;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Operation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Archived rows and their restore. */
abstract class ArchiveContract extends StoresTestCase {

  ArchiveContract(Supplier<StoresContract.Opened> open) {
    super(open);
  }

  @Test
  void restore_ofALiveMemory_restoresRowVectorAndEntriesUnderTheUnitsStamp() {
    Operation add = add(newId(), "old", Scope.user("ada").withRun("7"),
        Metadata.of("topic", List.of("music", 1, true)));
    assertApplied(write(add));
    assertApplied(write(update(row(add.memory()), "new")));
    ArchivedMemory archived = archived(add.memory());
    remove(add.memory());

    OperationId unit = newOp();
    assertApplied(restore(unit, archived, null));

    assertThat(archived(add.memory())).isEqualTo(archived);
    assertThat(row(add.memory()).stamp()).isEqualTo(unit.value());
    assertThat(entries(add.memory())).isEqualTo(archived.history()).hasSize(2);
    assertThat(core.heads(null, 10).join()).isEqualTo(history.heads(null, 10).join()).hasSize(1);
  }

  @Test
  void restore_ofATombstone_restoresItsScopeAndTimes() {
    OperationId op = newOp();
    Memory memory = new Memory(newId(), Scope.agent("a"), "key", "Ada", "gone soon", Metadata.empty(), NOW, NOW, NOW,
        null, 1, op);
    assertApplied(write(add(memory)));
    Operation delete = delete(row(memory.id()));
    assertApplied(write(delete));
    ArchivedMemory archived = archived(memory.id());
    assertThat(archived.row()).isEqualTo(
        new ArchivedRow.Tombstone(memory.id(), 2, delete.op(), Scope.agent("a"), NOW, delete.at()));
    remove(memory.id());

    assertApplied(restore(newOp(), archived, null));

    assertThat(archived(memory.id())).isEqualTo(archived);
    assertThat(row(memory.id()).state()).isEqualTo(CoreRow.State.DELETED);
    assertThat(entries(memory.id())).isEqualTo(archived.history()).hasSize(2);
  }

  @Test
  void restore_rowExists_isNotAppliedAndLogsNothing() {
    Operation add = add("restored");
    assertApplied(write(add));
    ArchivedMemory archived = archived(add.memory());
    Operation update = update(row(add.memory()), "changed since");
    assertApplied(write(update));

    assertNotApplied(restore(newOp(), archived, null));
    assertNotApplied(restore(newOp(), archived, row(add.memory()).stamp()));

    assertThat(row(add.memory()).memory()).isEqualTo(update.after());
    assertThat(entries(add.memory())).hasSize(2);
  }

  @Test
  void restore_overTheExpectedVoidRowOnly_isApplied() {
    ArchivedMemory archived = removed(add("restored"));
    assertThat(fenceAllAndLook(add(archived.id(), "never", Scope.user("ada"), Metadata.empty())))
        .isInstanceOf(StoreResult.NotApplied.class);

    assertNotApplied(restore(newOp(), archived, null));
    assertNotApplied(restore(newOp(), archived, UUID.randomUUID()));
    assertThat(entries(archived.id())).isEmpty();
    assertApplied(restore(newOp(), archived, row(archived.id()).stamp()));

    assertThat(archived(archived.id())).isEqualTo(archived);
  }

  @Test
  void restore_ofAUniqueContentThatAnotherMemoryHas_isRefused() {
    Operation first = uniqueAdd("the very same");
    assertApplied(write(first));
    ArchivedMemory archived = archived(first.memory());
    assertThat(archived.row()).isInstanceOfSatisfying(ArchivedRow.Live.class,
        live -> assertThat(live.unique()).isTrue());
    remove(first.memory());
    Operation second = uniqueAdd("the very same");
    assertApplied(write(second));

    assertNotApplied(restore(newOp(), archived, null));
    assertThat(core.read(List.of(first.memory()), false).join()).isEmpty();
    remove(second.memory());
    assertApplied(restore(newOp(), archived, null));

    assertNotApplied(write(uniqueAdd("the very same")));
  }

  @Test
  void restore_ofAMemoryWithoutVector_letsItBeSavedLater() {
    Operation add = add("by another model");
    assertApplied(write(add));
    ArchivedRow row = core.archive(List.of(add.memory()), false).join().getFirst();
    ArchivedMemory archived = new ArchivedMemory(row, entries(add.memory()));
    remove(add.memory());

    assertApplied(restore(newOp(), archived, null));
    assertThat(row(add.memory()).embedding()).isNull();
    Embedding embedding = TestOperations.embedding("made again");
    core.saveVector(new DocumentName(add.memory(), add.op()), embedding).join();

    assertThat(row(add.memory()).embedding()).isEqualTo(embedding);
  }

  @Test
  void restoredMemory_canBeChangedButNotUndone() {
    Operation add = add("restored");
    ArchivedMemory archived = removed(add);
    assertApplied(restore(newOp(), archived, null));

    assertNotApplied(undo(add));
    assertThat(confirm(add)).isInstanceOf(StoreResult.Applied.class);
    Operation update = update(row(add.memory()), "changed");
    assertApplied(write(update));
    assertApplied(undo(update));

    assertThat(row(add.memory()).memory()).isEqualTo(add.after());
    assertThat(entries(add.memory())).hasSize(1);
  }

  static List<Long> seeds() {
    return Sample.oneIn(2, List.of(5L, 6L));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void concurrentRestores_ofHistoriesOfAnyLength_restoreThemUnchanged(long seed) throws Exception {
    Random random = new Random(seed);
    List<ArchivedMemory> archived = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      Operation add = add(newId(), "number " + i, Scope.user("ada"), RandomFilters.metadata(random));
      assertApplied(write(add));
      for (int more = random.nextInt(4); more > 0; more--) {
        assertApplied(write(update(row(add.memory()), "number " + i + " again " + more)));
      }
      if (random.nextInt(4) == 0) {
        assertApplied(write(delete(row(add.memory()))));
      }
      archived.add(archived(add.memory()));
      remove(add.memory());
    }
    List<Thread> restoring = new ArrayList<>();
    CountDownLatch start = new CountDownLatch(1);
    Set<MemoryId> restored = ConcurrentHashMap.newKeySet();
    for (ArchivedMemory each : archived) {
      restoring.add(Thread.ofVirtual().start(() -> {
        try {
          start.await();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
        assertApplied(restore(newOp(), each, null));
        restored.add(each.id());
      }));
    }
    start.countDown();
    for (Thread each : restoring) {
      each.join();
    }

    assertThat(restored).as("seed " + seed).hasSize(60);
    for (ArchivedMemory each : archived) {
      assertThat(archived(each.id())).as("seed " + seed).isEqualTo(each);
    }
  }

  @Test
  void archive_inPages_isInOrderOfIdWithTombstones() {
    List<MemoryId> wanted = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      Scope scope = Scope.user(i % 4 == 0 ? "bob" : "ada").withRun("run");
      Operation add = add(newId(), "number " + i, scope, Metadata.empty());
      assertApplied(write(add));
      if (i % 5 == 1) {
        assertApplied(write(delete(row(add.memory()))));
      }
      if (i % 5 == 2) {
        assertApplied(undo(add));
      } else if (i % 4 != 0) {
        wanted.add(add.memory());
      }
    }
    wanted.sort(Comparator.naturalOrder());

    List<MemoryId> read = new ArrayList<>();
    MemoryId after = null;
    List<ArchivedRow> page;
    do {
      page = core.archive(Scope.user("ada"), after, 4, false).join();
      page.forEach(row -> read.add(row.id()));
      after = page.isEmpty() ? null : page.getLast().id();
    } while (!page.isEmpty());

    assertThat(read).isEqualTo(wanted);
    assertThat(core.archive(null, null, 100, true).join()).hasSize(16);
    assertThat(core.archive(wanted.subList(0, 3), true).join()).extracting(ArchivedRow::id)
        .isEqualTo(wanted.subList(0, 3));
    assertThat(history.entries(wanted, 100).join()).hasSizeGreaterThan(wanted.size())
        .isSortedAccordingTo(
            Comparator.comparing(HistoryEntry::memory).thenComparingInt(HistoryEntry::version));
    assertThat(history.entries(wanted, 3).join()).hasSize(3);
  }

  /** An add of a content that its scope holds once. */
  private static Operation uniqueAdd(String content) {
    Operation add = add(content);
    return new Operation(add.op(), add.kind(), add.memory(), null, add.after(), add.embedding(), null, add.at(), true);
  }
}
