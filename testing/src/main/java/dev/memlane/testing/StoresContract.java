package dev.memlane.testing;

import static dev.memlane.testing.TestOperations.add;
import static dev.memlane.testing.TestOperations.addOver;
import static dev.memlane.testing.TestOperations.delete;
import static dev.memlane.testing.TestOperations.memory;
import static dev.memlane.testing.TestOperations.newId;
import static dev.memlane.testing.TestOperations.newOp;
import static dev.memlane.testing.TestOperations.update;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.Details;
import dev.memlane.model.Embedding;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Head;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import dev.memlane.model.store.Units;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every pair of a core and a history store over one database does; each implementation is a small subclass. */
public abstract class StoresContract {

  private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

  private Units units;
  private CoreStore core;
  private HistoryStore history;

  /** Three stores' worth of an empty database; called once before each test. */
  public record Opened(Units units, CoreStore core, HistoryStore history) {}

  /** Opens empty stores that keep vectors of {@link TestOperations#MODEL}. */
  protected abstract Opened open();

  @BeforeEach
  void openStores() {
    Opened opened = open();
    units = opened.units();
    core = opened.core();
    history = opened.history();
  }

  @Test
  void add_writesRowVectorAndEntry() {
    Operation add = add(newId(), "Ada plays the oboe", Scope.user("ada").withRun("7"), Metadata.of("topic", "music"));

    assertApplied(write(add));

    CoreRow row = row(add.memory());
    assertThat(row.state()).isEqualTo(CoreRow.State.LIVE);
    assertThat(row.memory()).isEqualTo(add.after());
    assertThat(row.embedding()).isEqualTo(add.embedding());
    assertThat(row.stamp()).isEqualTo(add.op().value());
    assertThat(entries(add.memory())).containsExactly(new HistoryEntry(add.memory(), add.op(), 1, HistoryEntry.Kind.ADD,
        null, "Ada plays the oboe", null, Metadata.of("topic", "music"), null, add.at()));
    assertThat(history.has(add.op()).join()).isTrue();
  }

  @Test
  void add_whereARowIs_isNotAppliedAndLogsNothing() {
    Operation first = add("first");
    assertApplied(write(first));
    Operation second = add(first.memory(), "second", Scope.user("ada"), Metadata.empty());

    assertNotApplied(write(second));

    assertThat(row(first.memory()).memory()).isEqualTo(first.after());
    assertThat(entries(first.memory())).hasSize(1);
  }

  @Test
  void update_expectingTheStampThere_replacesAndLogsOldAndNew() {
    Operation add = add("old");
    assertApplied(write(add));
    Operation update = update(row(add.memory()), "new");

    assertApplied(write(update));

    CoreRow row = row(add.memory());
    assertThat(row.memory()).isEqualTo(update.after());
    assertThat(row.embedding()).isEqualTo(update.embedding());
    HistoryEntry entry = entries(add.memory()).get(1);
    assertThat(entry.oldContent()).isEqualTo("old");
    assertThat(entry.newContent()).isEqualTo("new");
    assertThat(entry.version()).isEqualTo(2);
    assertThat(entry.actor()).isEqualTo("editor");
  }

  @Test
  void update_expectingAnotherStamp_isNotAppliedAndLogsNothing() {
    Operation add = add("old");
    assertApplied(write(add));
    CoreRow read = row(add.memory());
    assertApplied(write(update(read, "first")));

    assertNotApplied(write(update(read, "second")));

    assertThat(Objects.requireNonNull(row(add.memory()).memory()).content()).isEqualTo("first");
    assertThat(entries(add.memory())).hasSize(2);
  }

  @Test
  void delete_leavesATombstoneWithoutContentOrVector() {
    Operation add = add("gone soon");
    assertApplied(write(add));
    Operation delete = delete(row(add.memory()));

    assertApplied(write(delete));

    CoreRow row = row(add.memory());
    assertThat(row.state()).isEqualTo(CoreRow.State.DELETED);
    assertThat(row.version()).isEqualTo(2);
    assertThat(row.embedding()).isNull();
    assertThat(core.list(null, null, null, 10, NOW).join()).isEmpty();
    assertThat(entries(add.memory()).get(1)).satisfies(entry -> {
      assertThat(entry.kind()).isEqualTo(HistoryEntry.Kind.DELETE);
      assertThat(entry.oldContent()).isEqualTo("gone soon");
      assertThat(entry.newContent()).isNull();
    });
  }

  @Test
  void undo_ofAnAdd_leavesAVoidRowAndNoEntry() {
    Operation add = add("never was");
    assertApplied(write(add));

    assertApplied(undo(add));

    CoreRow row = row(add.memory());
    assertThat(row.state()).isEqualTo(CoreRow.State.VOID);
    assertThat(row.stamp()).isNotEqualTo(add.op().value());
    assertThat(entries(add.memory())).isEmpty();
    assertThat(history.has(add.op()).join()).isFalse();
    assertThat(history.count(null).join()).isZero();
  }

  @Test
  void undo_ofAnUpdate_bringsBackWhatWasThereUnderAFreshStamp() {
    Operation add = add("old");
    assertApplied(write(add));
    CoreRow before = row(add.memory());
    Operation update = update(before, "new");
    assertApplied(write(update));

    assertApplied(undo(update));

    CoreRow row = row(add.memory());
    assertThat(row.memory()).isEqualTo(before.memory());
    assertThat(row.embedding()).isEqualTo(before.embedding());
    assertThat(row.op()).isEqualTo(add.op());
    assertThat(row.stamp()).isNotEqualTo(before.stamp()).isNotEqualTo(update.op().value());
    assertThat(entries(add.memory())).hasSize(1);
  }

  @Test
  void update_ofDetails_isInRowAndEntry_andComesBackWithThem_andItsUndoBringsBackWhatWasThere() {
    Memory made = memory(newId(), "plays the oboe", Scope.user("ada"), Metadata.empty());
    Memory said = new Memory(made.id(), made.scope(), null, "Ada \"x\"", made.content(), made.metadata(), NOW, NOW, NOW,
        NOW.plusNanos(1_000), 1, made.op());
    assertApplied(write(add(said)));
    Operation update = updateDetails(row(made.id()), "plays the oboe", new Details(null, NOW.minusNanos(1_000), null));
    assertApplied(write(update));

    assertThat(row(made.id()).memory()).isEqualTo(update.after());
    HistoryEntry entry = entries(made.id()).getLast();
    assertThat(entry.oldDetails()).isEqualTo(Details.of(said));
    assertThat(entry.newDetails()).isEqualTo(new Details(null, NOW.minusNanos(1_000), null));
    assertThat(entries(made.id()).getFirst().newDetails()).isNull();

    ArchivedMemory archived = archived(made.id());
    remove(made.id());
    assertApplied(restore(newOp(), archived, null));
    assertThat(archived(made.id())).isEqualTo(archived);

    Operation other = updateDetails(row(made.id()), "plays the lute", new Details("Bob", null, NOW));
    assertApplied(write(other));
    assertApplied(undo(other));
    assertThat(row(made.id()).memory()).isEqualTo(update.after());
    assertThat(entries(made.id())).hasSize(2);
  }

  private static Operation updateDetails(CoreRow before, String content, Details details) {
    Operation plain = update(before, content);
    Memory memory = plain.requireAfter();
    Memory after = new Memory(memory.id(), memory.scope(), memory.key(), details.actor(), content, memory.metadata(),
        details.occurredAt(), memory.createdAt(), memory.updatedAt(), details.expiresAt(), memory.version(),
        memory.op());
    return new Operation(plain.op(), plain.kind(), plain.memory(), before, after,
        TestOperations.embedding(after.searchableText()), plain.actor(), plain.at());
  }

  @Test
  void undo_ofADelete_bringsBackContentAndVector() {
    Operation add = add("still wanted");
    assertApplied(write(add));
    CoreRow before = row(add.memory());
    Operation delete = delete(before);
    assertApplied(write(delete));

    assertApplied(undo(delete));

    assertThat(row(add.memory()).memory()).isEqualTo(before.memory());
    assertThat(row(add.memory()).embedding()).isEqualTo(before.embedding());
    assertThat(entries(add.memory())).hasSize(1);
  }

  @Test
  void undo_afterSomebodyBuiltOnIt_isNotAppliedAndTheEntryStands() {
    Operation add = add("old");
    assertApplied(write(add));
    Operation update = update(row(add.memory()), "new");
    assertApplied(write(update));

    assertNotApplied(undo(add));

    assertThat(row(add.memory()).memory()).isEqualTo(update.after());
    assertThat(entries(add.memory())).hasSize(2);
  }

  @Test
  void confirm_ofAnAdd_keepsItFromBeingUndone() {
    Operation add = add("confirmed");
    assertApplied(write(add));

    assertThat(confirm(add)).isInstanceOf(StoreResult.Applied.class);
    assertThat(confirm(add)).as("confirming twice").isInstanceOf(StoreResult.Applied.class);
    assertNotApplied(undo(add));

    assertThat(row(add.memory()).memory()).isEqualTo(add.after());
  }

  @Test
  void confirm_ofAnOperationThatNoLongerStands_isNotApplied() {
    Operation add = add("old");
    assertApplied(write(add));
    assertApplied(undo(add));

    assertThat(confirm(add)).isInstanceOf(StoreResult.NotApplied.class);
  }

  @Test
  void fenceAndLook_ofAnAddThatNeverLanded_keepsItOutForEver() {
    Operation add = add("late");

    assertThat(fenceAndLook(add)).isInstanceOf(StoreResult.NotApplied.class);
    assertNotApplied(write(add));

    assertThat(row(add.memory()).state()).isEqualTo(CoreRow.State.VOID);
    assertThat(fenceAndLook(add)).as("asked again").isInstanceOf(StoreResult.NotApplied.class);
  }

  @Test
  void fenceAndLook_ofAnUpdateThatNeverLanded_keepsItOutForEver() {
    Operation add = add("old");
    assertApplied(write(add));
    Operation update = update(row(add.memory()), "late");

    assertThat(fenceAndLook(update)).isInstanceOf(StoreResult.NotApplied.class);
    assertNotApplied(write(update));

    assertThat(row(add.memory()).memory()).isEqualTo(add.after());
  }

  @Test
  void fenceAndLook_ofAnOperationThatLanded_saysSoEvenWhenOthersBuiltOnIt() {
    Operation add = add("old");
    assertApplied(write(add));
    assertThat(fenceAndLook(add)).isInstanceOf(StoreResult.Applied.class);
    assertApplied(write(update(row(add.memory()), "new")));

    assertThat(fenceAndLook(add)).isInstanceOf(StoreResult.Applied.class);
  }

  @Test
  void fenceAllAndLook_ofAnAddThatNeverLanded_keepsItOutForEver() {
    Operation add = add("never");

    assertThat(fenceAllAndLook(add)).isInstanceOf(StoreResult.NotApplied.class);
    assertNotApplied(write(add));

    assertThat(fenceAllAndLook(add)).as("asked again").isInstanceOf(StoreResult.NotApplied.class);
  }

  @Test
  void fenceAllAndLook_ofAnUpdateThatNeverLanded_keepsItOutForEver() {
    Operation add = add("before");
    assertApplied(write(add));
    Operation update = update(row(add.memory()), "never");

    assertThat(fenceAllAndLook(update)).isInstanceOf(StoreResult.NotApplied.class);
    assertNotApplied(write(update));
  }

  @Test
  void fenceAllAndLook_ofAnOperationThatLanded_keepsItFromBeingUndone() {
    Operation add = add("landed");
    assertApplied(write(add));

    assertThat(fenceAllAndLook(add)).isInstanceOf(StoreResult.Applied.class);
    assertNotApplied(undo(add));

    assertThat(history.has(add.op()).join()).isTrue();
  }

  @Test
  void feed_tellsWhatWasWrittenAndUndoneSinceTheLastLook() throws Exception {
    assertApplied(write(add("before")));
    try (ChangeFeed feed = history.follow().join()) {
      assertThat(feed.poll().join().memories()).isEmpty();
      Operation add = add("added");
      Operation other = add("undone");
      assertApplied(write(add));
      assertApplied(write(other));
      assertThat(feed.poll().join().memories()).containsExactlyInAnyOrder(add.memory(), other.memory());
      assertThat(feed.poll().join().memories()).isEmpty();
      assertApplied(undo(other));
      assertThat(feed.poll().join().memories()).containsExactly(other.memory());
      assertApplied(write(update(row(add.memory()), "changed")));
      assertApplied(write(delete(row(add.memory()))));
      assertThat(feed.poll().join().memories()).containsExactly(add.memory());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void feed_whileManyWrite_missesNothing(long seed) throws Exception {
    Random random = new Random(seed);
    Set<MemoryId> told = new HashSet<>();
    Set<MemoryId> written = ConcurrentHashMap.newKeySet();
    try (ChangeFeed feed = history.follow().join()) {
      List<Thread> writers = new ArrayList<>();
      for (int w = 0; w < 6; w++) {
        int count = 30 + random.nextInt(40);
        writers.add(Thread.ofVirtual().start(() -> {
          for (int i = 0; i < count; i++) {
            Operation add = add("number " + i);
            assertApplied(write(add));
            written.add(add.memory());
          }
        }));
      }
      while (writers.stream().anyMatch(Thread::isAlive)) {
        told.addAll(feed.poll().join().memories());
      }
      told.addAll(feed.poll().join().memories());
    }
    assertThat(told).as("seed " + seed).isEqualTo(written);
  }

  @Test
  void heads_ofSomeMemories_areThoseOfTheRowsThatAreNotVoid() {
    Operation live = add("live");
    Operation deleted = add("deleted");
    Operation undone = add("undone");
    Operation other = add("not asked for");
    List.of(live, deleted, undone, other).forEach(add -> assertApplied(write(add)));
    Operation delete = delete(row(deleted.memory()));
    assertApplied(write(delete));
    assertApplied(undo(undone));

    assertThat(core.heads(List.of(live.memory(), deleted.memory(), undone.memory(), MemoryId.derive(Scope.user("x"),
        "y"))).join()).containsExactlyInAnyOrder(new Head(live.memory(), live.op(), 1, true),
            new Head(deleted.memory(), delete.op(), 2, false));
  }

  @Test
  void add_overTheVoidRowItHasSeen_isAppliedAsVersionOne() {
    Operation first = add("undone");
    assertApplied(write(first));
    assertApplied(undo(first));
    CoreRow seen = row(first.memory());
    Operation again = addOver(seen, "there now");

    assertApplied(write(again));

    assertThat(row(first.memory()).memory()).isEqualTo(again.after());
    assertThat(entries(first.memory())).hasSize(1);
    assertNotApplied(write(addOver(seen, "too late")));
  }

  @Test
  void undo_ofAnAddOverAVoidRow_makesItVoidAgain() {
    Operation first = add("undone");
    assertApplied(write(first));
    assertApplied(undo(first));
    Operation again = addOver(row(first.memory()), "undone too");
    assertApplied(write(again));

    assertApplied(undo(again));

    assertThat(row(first.memory()).state()).isEqualTo(CoreRow.State.VOID);
    assertThat(entries(first.memory())).isEmpty();
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
  void deadline_passedBeforeTheUnitIsSent_isNotApplied() {
    Operation add = add("too late");
    Unit unit = units.begin(Unit.Kind.WRITE, add.memory(), add.op(), Instant.now().minusSeconds(1));

    CompletableFuture<StoreResult> corePart = core.write(unit, add);
    CompletableFuture<StoreResult> historyPart = history.write(unit, add);

    assertThat(corePart.join()).isInstanceOf(StoreResult.NotApplied.class);
    assertThat(historyPart.join()).isInstanceOf(StoreResult.NotApplied.class);
    assertThat(core.read(List.of(add.memory()), false).join()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void manyUnitsAtOnce_eachGetsItsOwnResult_andABadOneFailsAlone(long seed) throws Exception {
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
  void adds_underOneIdFromManyThreads_oneLands() throws Exception {
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

  @Test
  void list_inPages_isInOrderOfIdAndCompleteInScopeAndFilter() {
    List<MemoryId> wanted = new ArrayList<>();
    for (int i = 0; i < 25; i++) {
      Scope scope = Scope.user(i % 5 == 0 ? "bob" : "ada").withRun("run " + i % 3);
      Operation add = add(newId(), "number " + i, scope, Metadata.of("number", i));
      assertApplied(write(add));
      if (i % 5 != 0 && i >= 10) {
        wanted.add(add.memory());
      }
    }
    wanted.sort(Comparator.naturalOrder());
    Filter filter = Filter.atLeast("number", 10);

    List<MemoryId> listed = new ArrayList<>();
    MemoryId after = null;
    List<Memory> page;
    do {
      page = core.list(Scope.user("ada"), filter, after, 4, NOW).join();
      page.forEach(memory -> listed.add(memory.id()));
      after = page.isEmpty() ? null : page.getLast().id();
    } while (!page.isEmpty());

    assertThat(listed).isEqualTo(wanted);
    assertThat(core.count(Scope.user("ada"), filter, NOW).join()).isEqualTo(wanted.size());
    assertThat(core.count(Scope.user("ada").withRun("run 1"), null, NOW).join()).isLessThan(wanted.size());
    assertThat(core.find(wanted, List.of(Scope.user("ada")), filter, NOW).join()).hasSize(wanted.size());
    assertThat(core.find(wanted, List.of(Scope.user("bob")), filter, NOW).join()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(TimeOrder.class)
  void listByTime_inPages_isInOrderOfTimeAndAcceptance_andCompleteInScopeAndFilter(TimeOrder order) {
    Random random = new Random(7);
    List<TimePosition> all = new ArrayList<>();
    List<TimePosition> wanted = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      // Few times, so that many have the same; some have none but that of their acceptance, and some share that too.
      Instant accepted = NOW.plusNanos(1_000L * (i / 2));
      Instant occurred = i % 4 == 0 ? null : NOW.minus(Duration.ofDays(random.nextInt(3))).plusNanos(1_000);
      Memory made = memory(newId(), "number " + i, Scope.user(i % 5 == 0 ? "bob" : "ada"), Metadata.of("number", i));
      Memory memory = new Memory(made.id(), made.scope(), null, null, made.content(), made.metadata(), occurred,
          accepted, accepted, null, 1, made.op());
      assertApplied(write(add(memory)));
      all.add(TimePosition.of(memory));
      if (i % 5 != 0 && i >= 10) {
        wanted.add(TimePosition.of(memory));
      }
    }

    assertThat(positions(null, null, order)).isEqualTo(sorted(all, order));
    assertThat(positions(Scope.user("ada"), Filter.atLeast("number", 10), order)).isEqualTo(sorted(wanted, order));
  }

  private static List<TimePosition> sorted(List<TimePosition> positions, TimeOrder order) {
    List<TimePosition> sorted = positions.stream().sorted().toList();
    return order == TimeOrder.OLDEST_FIRST ? sorted : sorted.reversed();
  }

  /** Of all pages. */
  private List<TimePosition> positions(@Nullable Scope scope, @Nullable Filter filter, TimeOrder order) {
    List<TimePosition> listed = new ArrayList<>();
    List<TimePosition> page;
    do {
      page = core.listByTime(scope, filter, order, listed.isEmpty() ? null : listed.getLast(), 3, NOW).join().stream()
          .map(TimePosition::of).toList();
      listed.addAll(page);
    } while (!page.isEmpty());
    return listed;
  }

  @Test
  void expired_isListedFoundAndCountedNoMore_butNamed() {
    MemoryId id = newId();
    OperationId op = newOp();
    Memory memory = new Memory(id, Scope.user("ada"), null, null, "short-lived", Metadata.empty(), null, NOW, NOW,
        NOW.plus(Duration.ofDays(1)), 1, op);
    assertApplied(write(add(memory)));

    assertThat(core.count(null, null, NOW).join()).isEqualTo(1);
    Instant later = NOW.plus(Duration.ofDays(1));
    assertThat(core.count(null, null, later).join()).isZero();
    assertThat(core.list(null, null, null, 10, later).join()).isEmpty();
    assertThat(core.listByTime(null, null, TimeOrder.OLDEST_FIRST, null, 10, later).join()).isEmpty();
    assertThat(core.find(List.of(id), List.of(), null, later).join()).isEmpty();
    assertThat(core.find(List.of(id), List.of(), null, null).join()).containsKey(id);
    assertThat(core.heads(null, 10).join()).containsExactly(new Head(id, op, 1, true));
  }

  @Test
  void find_inSeveralScopes_findsWhatIsInAny() {
    List<Operation> adds = Stream.of(Scope.user("ada").withRun("7"), Scope.user("bob"), Scope.agent("cook"))
        .map(scope -> add(newId(), "tea", scope, Metadata.empty())).toList();
    adds.forEach(add -> assertApplied(write(add)));
    List<MemoryId> ids = adds.stream().map(Operation::memory).toList();

    assertThat(core.find(ids, List.of(Scope.user("ada"), Scope.agent("cook")), null, NOW).join())
        .containsOnlyKeys(ids.getFirst(), ids.getLast());
    assertThat(core.find(ids, List.of(), null, NOW).join()).containsOnlyKeys(ids);
  }

  @Test
  void delete_leavesNoKeyInTheRow_andItsUndoBringsItBack() {
    MemoryId id = newId();
    Operation add = add(
        new Memory(id, Scope.user("ada"), "the key", "Ada", "text", Metadata.empty(), null, NOW, NOW, null,
            1, newOp()));
    assertApplied(write(add));
    Operation delete = delete(row(id));
    assertApplied(write(delete));

    assertApplied(undo(delete));

    assertThat(row(id).memory()).isEqualTo(add.after());
  }

  @Test
  void purge_ofATombstone_leavesOneEntryThatSaysSoAndNoMore() throws Exception {
    Operation add = add(newId(), "Ada plays the oboe", Scope.user("ada"), Metadata.of("topic", "music"));
    assertApplied(write(add));
    Operation undone = update(row(add.memory()), "undone");
    assertApplied(write(undone));
    assertApplied(undo(undone));
    assertApplied(write(update(row(add.memory()), "Ada plays the lute")));
    Operation delete = delete(row(add.memory()));
    assertApplied(write(delete));
    Operation other = add("other");
    assertApplied(write(other));
    try (ChangeFeed feed = history.follow().join()) {
      CoreRow tombstone = row(add.memory());

      assertApplied(purge(tombstone));

      HistoryEntry erased = new HistoryEntry(add.memory(), delete.op(), 3, HistoryEntry.Kind.ERASE, null, null, null,
          null,
          null, delete.at());
      assertThat(entries(add.memory())).containsExactly(erased);
      assertThat(history.has(delete.op()).join()).isTrue();
      assertThat(history.has(add.op()).join()).isFalse();
      CoreRow row = row(add.memory());
      assertThat(row.state()).isEqualTo(CoreRow.State.DELETED);
      assertThat(row.stamp()).isNotEqualTo(tombstone.stamp());
      assertThat(feed.poll().join()).isEqualTo(new ChangeFeed.Changes(Set.of(add.memory()), Set.of(add.memory())));
      assertThat(entries(other.memory())).hasSize(1);
      assertThat(history.heads(null, 10).join()).isEqualTo(core.heads(null, 10).join());
      assertApplied(purge(row));
      assertThat(entries(add.memory())).as("purged again").containsExactly(erased);
    }
  }

  @Test
  void purge_ofAnotherStateThanSeen_isNotAppliedAndKeepsTheEntries() {
    Operation add = add("text");
    assertApplied(write(add));
    assertNotApplied(purge(row(add.memory())));
    Operation delete = delete(row(add.memory()));
    assertApplied(write(delete));
    CoreRow tombstone = row(add.memory());
    assertThat(fenceAllAndLook(delete)).isInstanceOf(StoreResult.Applied.class);

    assertNotApplied(purge(tombstone));

    assertThat(entries(add.memory())).hasSize(2);
  }

  @Test
  void undo_ofADeleteThatWasPurged_isNotApplied() {
    Operation add = add("text");
    assertApplied(write(add));
    Operation delete = delete(row(add.memory()));
    assertApplied(write(delete));
    assertApplied(purge(row(add.memory())));

    assertNotApplied(undo(delete));

    assertThat(fenceAllAndLook(delete)).as("the delete stands").isInstanceOf(StoreResult.Applied.class);
    assertThat(entries(add.memory())).hasSize(1);
  }

  @Test
  void unpurged_areTheScopesTombstonesWithAHistory_inPagesByIdUntilTheyArePurged() {
    List<MemoryId> deleted = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Operation add = add(newId(), "number " + i, Scope.user("ada").withRun("7"), Metadata.empty());
      assertApplied(write(add));
      assertApplied(write(delete(row(add.memory()))));
      deleted.add(add.memory());
    }
    deleted.sort(Comparator.naturalOrder());
    Operation elsewhere = add(newId(), "elsewhere", Scope.user("bob"), Metadata.empty());
    assertApplied(write(elsewhere));
    assertApplied(write(delete(row(elsewhere.memory()))));
    assertApplied(write(add("live")));

    assertThat(unpurged(null, 10)).isEqualTo(deleted);
    assertThat(unpurged(null, 2)).isEqualTo(deleted.subList(0, 2));
    assertThat(unpurged(deleted.get(1), 2)).isEqualTo(deleted.subList(2, 4));
    assertApplied(purge(row(deleted.get(3))));
    assertThat(unpurged(deleted.get(2), 10)).isEqualTo(deleted.subList(4, 5));
    assertThat(history.erased(null, 10).join()).containsExactly(deleted.get(3));
    assertThat(history.erased(deleted.get(3), 10).join()).isEmpty();
  }

  private List<MemoryId> unpurged(@Nullable MemoryId after, int limit) {
    return core.unpurged(Scope.user("ada"), after, limit).join().stream().map(CoreRow::id).toList();
  }

  @Test
  void expired_areLiveMemoriesOnly_longestAgoFirst() {
    Operation late = add(expiring("late", Duration.ofDays(2)));
    Operation early = add(expiring("early", Duration.ofDays(1)));
    Operation gone = add(expiring("gone", Duration.ofDays(1)));
    List.of(late, early, gone, add(expiring("later", Duration.ofDays(9))), add("for ever"))
        .forEach(add -> assertApplied(write(add)));
    assertApplied(write(delete(row(gone.memory()))));

    Instant before = NOW.plus(Duration.ofDays(3));
    assertThat(core.expired(before, 10).join()).extracting(CoreRow::memory).containsExactly(early.after(),
        late.after());
    assertThat(core.expired(before, 1).join()).hasSize(1);
    assertThat(core.expired(NOW.plus(Duration.ofDays(1)), 10).join()).as("at that very time").isEmpty();
  }

  private static Memory expiring(String content, Duration after) {
    return new Memory(newId(), Scope.user("ada"), null, null, content, Metadata.empty(), null, NOW, NOW,
        NOW.plus(after), 1, newOp());
  }

  @Test
  void heads_ofCoreAndHistory_agreeAndAreInOrderOfId() {
    List<Head> wanted = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      Operation add = add("number " + i);
      assertApplied(write(add));
      Head head = new Head(add.memory(), add.op(), 1, true);
      switch (i % 4) {
        case 0 -> {
          Operation delete = delete(row(add.memory()));
          assertApplied(write(delete));
          head = new Head(add.memory(), delete.op(), 2, false);
        }
        case 1 -> {
          Operation update = update(row(add.memory()), "changed");
          assertApplied(write(update));
          head = new Head(add.memory(), update.op(), 2, true);
        }
        case 2 -> {
          assertApplied(undo(add));
          continue;
        }
        default -> {
          // It stays as it was added.
        }
      }
      wanted.add(head);
    }
    wanted.sort(Comparator.comparing(Head::memory));

    assertThat(core.heads(null, 100).join()).isEqualTo(wanted);
    assertThat(history.heads(null, 100).join()).isEqualTo(wanted);
    assertThat(core.heads(wanted.get(4).memory(), 3).join()).isEqualTo(wanted.subList(5, 8));
    assertThat(history.heads(wanted.get(4).memory(), 3).join()).isEqualTo(wanted.subList(5, 8));
  }

  @Test
  void saveVector_ofTheStateThere_isKept_andOfAnotherStateIsNot() {
    Operation add = add("with a vector");
    assertApplied(write(add));
    Operation update = update(row(add.memory()), "changed");
    assertApplied(write(update));

    core.saveVector(new DocumentName(add.memory(), add.op()), TestOperations.embedding("stale")).join();

    assertThat(row(add.memory()).embedding()).isEqualTo(update.embedding());
  }

  @Test
  void hostileTexts_areStoredAsTheyAre() {
    String content = "'; drop table memory; -- \" \\ % _ $1 ? :name {} \t\n\u0001 \uD83D\uDE00 \u4F60\u597D";
    Operation add = add(newId(), content, new Scope("o'hara \\ \"x\"", ":agent", "$run?"),
        Metadata.of("key ? : ' \" \\", List.of(content, "{a,b}", "null", "NULL", "")));

    assertApplied(write(add));

    assertThat(row(add.memory()).memory()).isEqualTo(add.after());
    assertThat(core.list(Objects.requireNonNull(add.after()).scope(),
        Filter.equal("key ? : ' \" \\", content), null, 10, NOW).join()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12})
  void filters_meanInSqlWhatTheyMeanInJava(long seed) {
    Random random = new Random(seed);
    List<Memory> memories = IntStream.range(0, 120).mapToObj(i -> {
      Operation add = occurred(add(newId(), "number " + i, Scope.user("ada"), RandomFilters.metadata(random)),
          RandomFilters.time(random));
      assertApplied(write(add));
      return Objects.requireNonNull(add.after());
    }).toList();
    for (int i = 0; i < 150; i++) {
      Filter filter = RandomFilters.filter(random, 3);
      assertThat(core.list(null, filter, null, 1_000, NOW).join()).as("seed %d, %s", seed, filter)
          .extracting(Memory::id).containsExactlyInAnyOrderElementsOf(
              memories.stream().filter(memory -> filter.matches(memory)).map(Memory::id).toList());
    }
  }

  private static Operation occurred(Operation add, @Nullable Instant time) {
    Memory memory = add.requireAfter();
    Memory after = new Memory(memory.id(), memory.scope(), memory.key(), memory.actor(), memory.content(),
        memory.metadata(), time, memory.createdAt(), memory.updatedAt(), memory.expiresAt(), memory.version(),
        memory.op());
    return new Operation(add.op(), add.kind(), add.memory(), add.before(), after, add.embedding(), add.actor(),
        add.at());
  }

  @Test
  void restore_ofALiveMemory_bringsBackRowVectorAndEntriesUnderAStampOfItsOwn() {
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
  void restore_ofATombstone_bringsBackWhoseItWasAndWhenItWasDeleted() {
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
  void restore_whereARowIs_isNotAppliedAndLogsNothing() {
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
  void restore_overTheVoidRowItHasSeen_isApplied_andOverAnotherIsNot() {
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
  void restore_ofAContentThatTheScopeHoldsOnce_isRefusedWhereAnotherHoldsIt() {
    Operation first = once("the very same");
    assertApplied(write(first));
    ArchivedMemory archived = archived(first.memory());
    assertThat(archived.row()).isInstanceOfSatisfying(ArchivedRow.Live.class,
        live -> assertThat(live.unique()).isTrue());
    remove(first.memory());
    Operation second = once("the very same");
    assertApplied(write(second));

    assertNotApplied(restore(newOp(), archived, null));
    assertThat(core.read(List.of(first.memory()), false).join()).isEmpty();
    remove(second.memory());
    assertApplied(restore(newOp(), archived, null));

    assertNotApplied(write(once("the very same")));
  }

  @Test
  void restore_ofAMemoryWithoutVector_leavesItToBeSaved() {
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
  void restored_canBeChangedAndNotBeUndone() {
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

  @Test
  void feed_tellsWhatWasRestored() throws Exception {
    ArchivedMemory archived = removed(add("restored"));
    try (ChangeFeed feed = history.follow().join()) {
      assertApplied(restore(newOp(), archived, null));
      assertThat(feed.poll().join().memories()).containsExactly(archived.id());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 6})
  void manyRestoresAtOnce_ofHistoriesOfAnyLength_comeBackAsTheyWere(long seed) throws Exception {
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
  void archive_inPages_isInOrderOfIdWithTombstonesAndInScope() {
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

  /** What the two stores answered. */
  private record Written(StoreResult core, StoreResult history) {}

  private Unit begin(Unit.Kind kind, Operation operation) {
    return units.begin(kind, operation.memory(), operation.op(), Instant.now().plusSeconds(10));
  }

  private Written write(Operation operation) {
    Unit unit = begin(Unit.Kind.WRITE, operation);
    CompletableFuture<StoreResult> corePart = core.write(unit, operation);
    CompletableFuture<StoreResult> historyPart = history.write(unit, operation);
    return new Written(corePart.join(), historyPart.join());
  }

  private Written undo(Operation operation) {
    UUID stamp = UUID.randomUUID();
    Unit unit = begin(Unit.Kind.UNDO, operation);
    CompletableFuture<StoreResult> corePart = core.undo(unit, operation, stamp);
    CompletableFuture<StoreResult> historyPart = history.undo(unit, operation, stamp);
    return new Written(corePart.join(), historyPart.join());
  }

  private Written restore(OperationId unitId, ArchivedMemory archived, @Nullable UUID expected) {
    Unit unit = units.begin(Unit.Kind.RESTORE, archived.id(), unitId, Instant.now().plusSeconds(10));
    CompletableFuture<StoreResult> corePart = core.restore(unit, archived.row(), expected);
    CompletableFuture<StoreResult> historyPart = history.restore(unit, archived.history());
    return new Written(corePart.join(), historyPart.join());
  }

  private ArchivedMemory archived(MemoryId id) {
    return new ArchivedMemory(core.archive(List.of(id), true).join().getFirst(), entries(id));
  }

  /** Adds a memory and lets go of it for good, as a wiped database has. */
  private ArchivedMemory removed(Operation add) {
    assertApplied(write(add));
    ArchivedMemory archived = archived(add.memory());
    remove(add.memory());
    return archived;
  }

  private void remove(MemoryId id) {
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

  /** An add of a content that its scope holds once. */
  private static Operation once(String content) {
    Operation add = add(content);
    return new Operation(add.op(), add.kind(), add.memory(), null, add.after(), add.embedding(), null, add.at(), true);
  }

  private Written purge(CoreRow seen) {
    UUID stamp = UUID.randomUUID();
    Unit unit = units.begin(Unit.Kind.PURGE, seen.id(), seen.op(), Instant.now().plusSeconds(10));
    CompletableFuture<StoreResult> corePart = core.purge(unit, seen.stamp(), stamp);
    CompletableFuture<StoreResult> historyPart = history.purge(unit, stamp);
    return new Written(corePart.join(), historyPart.join());
  }

  private StoreResult fenceAllAndLook(Operation operation) {
    Unit unit = begin(Unit.Kind.FENCE_AND_LOOK, operation);
    CompletableFuture<StoreResult> fence = core.fenceAll(unit, UUID.randomUUID());
    CompletableFuture<StoreResult> look = history.look(unit);
    assertThat(fence.join()).isInstanceOf(StoreResult.Applied.class);
    return look.join();
  }

  private StoreResult fenceAndLook(Operation operation) {
    Unit unit = begin(Unit.Kind.FENCE_AND_LOOK, operation);
    CompletableFuture<StoreResult> fence = core.fence(unit, operation, UUID.randomUUID());
    StoreResult look = history.look(unit).join();
    assertThat(fence.join()).isInstanceOf(StoreResult.Applied.class);
    return look;
  }

  private StoreResult confirm(Operation operation) {
    return core.confirm(begin(Unit.Kind.CONFIRM, operation), UUID.randomUUID()).join();
  }

  private CoreRow row(MemoryId id) {
    return Objects.requireNonNull(core.read(List.of(id), true).join().get(id), "no row");
  }

  private List<HistoryEntry> entries(MemoryId id) {
    return history.entries(id, 0, 100).join();
  }

  private static void assertApplied(Written written) {
    assertThat(written.core()).isInstanceOf(StoreResult.Applied.class);
    assertThat(written.history()).isInstanceOf(StoreResult.Applied.class);
  }

  private static void assertNotApplied(Written written) {
    assertThat(written.core()).isInstanceOf(StoreResult.NotApplied.class);
    assertThat(written.history()).isInstanceOf(StoreResult.NotApplied.class);
  }
}
