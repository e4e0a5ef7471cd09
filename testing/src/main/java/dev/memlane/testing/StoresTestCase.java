package dev.memlane.testing;

import static dev.memlane.testing.TestOperations.delete;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import dev.memlane.model.store.Units;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;

/** The fixture of the tests of {@link StoresContract}: two opened stores, and shorthands for their calls. */
abstract class StoresTestCase {

  static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

  Units units;
  CoreStore core;
  HistoryStore history;

  private final Supplier<StoresContract.Opened> open;

  StoresTestCase(Supplier<StoresContract.Opened> open) {
    this.open = open;
  }

  @BeforeEach
  void openStores() {
    StoresContract.Opened opened = open.get();
    units = opened.units();
    core = opened.core();
    history = opened.history();
  }

  /** The results of the two stores' parts. */
  record Written(StoreResult core, StoreResult history) {}

  Unit begin(Unit.Kind kind, Operation operation) {
    return units.begin(kind, operation.memory(), operation.op(), Instant.now().plusSeconds(10));
  }

  Written write(Operation operation) {
    Unit unit = begin(Unit.Kind.WRITE, operation);
    CompletableFuture<StoreResult> corePart = core.write(unit, operation);
    CompletableFuture<StoreResult> historyPart = history.write(unit, operation);
    return new Written(corePart.join(), historyPart.join());
  }

  Written undo(Operation operation) {
    UUID stamp = UUID.randomUUID();
    Unit unit = begin(Unit.Kind.UNDO, operation);
    CompletableFuture<StoreResult> corePart = core.undo(unit, operation, stamp);
    CompletableFuture<StoreResult> historyPart = history.undo(unit, operation, stamp);
    return new Written(corePart.join(), historyPart.join());
  }

  Written restore(OperationId unitId, ArchivedMemory archived, @Nullable UUID expected) {
    Unit unit = units.begin(Unit.Kind.RESTORE, archived.id(), unitId, Instant.now().plusSeconds(10));
    CompletableFuture<StoreResult> corePart = core.restore(unit, archived.row(), expected);
    CompletableFuture<StoreResult> historyPart = history.restore(unit, archived.history());
    return new Written(corePart.join(), historyPart.join());
  }

  ArchivedMemory archived(MemoryId id) {
    return new ArchivedMemory(core.archive(List.of(id), true).join().getFirst(), entries(id));
  }

  /** Adds a memory and removes it completely, as if the database were empty. */
  ArchivedMemory removed(Operation add) {
    assertApplied(write(add));
    ArchivedMemory archived = archived(add.memory());
    remove(add.memory());
    return archived;
  }

  void remove(MemoryId id) {
    CoreRow row = row(id);
    if (row.state() == CoreRow.State.LIVE) {
      assertApplied(write(delete(row)));
    }
    CoreRow tombstone = row(id);
    Unit unit = units.begin(Unit.Kind.SWEEP, id, tombstone.op(), Instant.now().plusSeconds(10));
    CompletableFuture<StoreResult> corePart = core.sweep(unit, tombstone.stamp());
    CompletableFuture<StoreResult> historyPart = history.sweep(unit);
    assertApplied(new Written(corePart.join(), historyPart.join()));
    assertThat(entries(id)).isEmpty();
  }

  StoreResult fenceAllAndLook(Operation operation) {
    Unit unit = begin(Unit.Kind.FENCE_AND_LOOK, operation);
    CompletableFuture<StoreResult> fence = core.fenceAll(unit, UUID.randomUUID());
    CompletableFuture<StoreResult> look = history.look(unit);
    assertThat(fence.join()).isInstanceOf(StoreResult.Applied.class);
    return look.join();
  }

  StoreResult confirm(Operation operation) {
    return core.confirm(begin(Unit.Kind.CONFIRM, operation), UUID.randomUUID()).join();
  }

  CoreRow row(MemoryId id) {
    return Objects.requireNonNull(core.read(List.of(id), true).join().get(id), "no row");
  }

  List<HistoryEntry> entries(MemoryId id) {
    return history.entries(id, 0, 100).join();
  }

  static void assertApplied(Written written) {
    assertThat(written.core()).isInstanceOf(StoreResult.Applied.class);
    assertThat(written.history()).isInstanceOf(StoreResult.Applied.class);
  }

  static void assertNotApplied(Written written) {
    assertThat(written.core()).isInstanceOf(StoreResult.NotApplied.class);
    assertThat(written.history()).isInstanceOf(StoreResult.NotApplied.class);
  }
}
