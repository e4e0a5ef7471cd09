package dev.memlane.testing;

import static dev.memlane.testing.TestOperations.add;
import static dev.memlane.testing.TestOperations.delete;
import static dev.memlane.testing.TestOperations.newOp;
import static dev.memlane.testing.TestOperations.update;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryChange;
import dev.memlane.model.MemoryChange.Kind;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.LogPage;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The changes of the log after a position. */
abstract class LogReadContract extends StoresTestCase {

  LogReadContract(Supplier<StoresContract.Opened> open) {
    super(open);
  }

  private LogPage changes(@Nullable String after, int limit) {
    return history.changes(after, limit).join();
  }

  /** All changes after a position, read in pages. */
  private List<MemoryChange> all(String after, int limit) {
    List<MemoryChange> all = new ArrayList<>();
    LogPage page = changes(after, limit);
    while (page.more()) {
      assertThat(page.changes()).hasSizeLessThanOrEqualTo(limit);
      all.addAll(page.changes());
      page = changes(page.next(), limit);
    }
    all.addAll(page.changes());
    return all;
  }

  private static MemoryChange change(Operation operation, Kind kind) {
    return new MemoryChange(operation.memory(), operation.op(), kind, operation.version(), operation.at(), null);
  }

  @Test
  void changes_afterThePresentEnd_areThoseThatFollow() {
    assertApplied(write(add("before")));
    LogPage now = changes(null, 10);
    assertThat(now.changes()).isEmpty();
    assertThat(now.more()).isFalse();
    assertThat(changes(now.next(), 10).changes()).isEmpty();

    Operation add = add("added");
    assertApplied(write(add));
    Operation update = update(row(add.memory()), "changed");
    assertApplied(write(update));
    LogPage first = changes(now.next(), 10);
    assertThat(first.changes()).containsExactly(change(add, Kind.ADD), change(update, Kind.UPDATE));
    assertThat(first.more()).isFalse();
    Operation delete = delete(row(add.memory()));
    assertApplied(write(delete));
    LogPage second = changes(first.next(), 10);
    assertThat(second.changes()).containsExactly(change(delete, Kind.DELETE));

    assertThat(changes(second.next(), 10).changes()).isEmpty();
    assertThat(changes(first.next(), 10).changes()).as("a position can be used again")
        .containsExactly(change(delete, Kind.DELETE));
    assertThat(changes(now.next(), 10).changes()).hasSize(3);
  }

  @Test
  void changes_undoneAfterTheyWereReported_areReportedAsUndone() {
    String now = changes(null, 10).next();
    Operation kept = add("kept");
    Operation add = add("undone later");
    assertApplied(write(kept));
    assertApplied(write(add));
    Operation update = update(row(kept.memory()), "undone later");
    assertApplied(write(update));
    LogPage reported = changes(now, 10);
    assertThat(reported.changes()).extracting(MemoryChange::kind).containsExactly(Kind.ADD, Kind.ADD, Kind.UPDATE);

    assertApplied(undo(add));
    assertApplied(undo(update));

    assertThat(changes(reported.next(), 10).changes()).containsExactly(change(add, Kind.UNDO),
        change(update, Kind.UNDO));
    assertThat(changes(now, 10).changes()).as("read for the first time").containsExactly(change(kept, Kind.ADD),
        change(add, Kind.UNDO), change(update, Kind.UNDO));
  }

  @Test
  void changes_ofAnErasedMemory_areItsErasure() {
    String now = changes(null, 10).next();
    Operation add = add("a secret");
    assertApplied(write(add));
    Operation delete = delete(row(add.memory()));
    assertApplied(write(delete));
    LogPage reported = changes(now, 10);

    CoreRow tombstone = row(add.memory());
    UUID stamp = UUID.randomUUID();
    Unit unit = units.begin(Unit.Kind.PURGE, tombstone.id(), tombstone.op(), Instant.now().plusSeconds(10));
    CompletableFuture<StoreResult> corePart = core.purge(unit, tombstone.stamp(), stamp);
    CompletableFuture<StoreResult> historyPart = history.purge(unit, stamp);
    assertApplied(new Written(corePart.join(), historyPart.join()));

    assertThat(changes(reported.next(), 10).changes()).containsExactly(change(delete, Kind.ERASE));
    assertThat(changes(now, 10).changes()).containsExactly(change(delete, Kind.ERASE));
  }

  @Test
  void changes_fromTheBeginningInPages_areAllEntries() {
    assertThat(changes("", 3).changes()).isEmpty();
    assertThat(changes("", 3).more()).isFalse();
    List<MemoryChange> wanted = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      Operation add = add("number " + i);
      assertApplied(write(add));
      wanted.add(change(add, Kind.ADD));
    }

    for (int limit : List.of(1, 3, 5, 10, 100)) {
      assertThat(all("", limit)).as("pages of " + limit).isEqualTo(wanted);
    }
  }

  @Test
  void changes_ofARestoredMemory_areItsEntries() {
    Operation add = add("restored");
    assertApplied(write(add));
    Operation update = update(row(add.memory()), "changed");
    assertApplied(write(update));
    ArchivedMemory archived = archived(add.memory());
    remove(add.memory());
    String now = changes(null, 10).next();

    assertApplied(restore(newOp(), archived, null));

    assertThat(all(now, 1)).containsExactly(change(add, Kind.ADD), change(update, Kind.UPDATE));
  }

  @Test
  void changes_afterAPositionWhoseEntryIsGone_areReported() {
    Operation undone = add("undone");
    assertApplied(write(undone));
    String position = changes("", 1).next();
    assertApplied(undo(undone));
    Operation removed = add("removed");
    assertApplied(write(removed));
    String another = all(position, 1).isEmpty() ? position : changes(null, 1).next();
    remove(removed.memory());
    Operation add = add("added");
    assertApplied(write(add));

    assertThat(all(position, 1)).contains(change(undone, Kind.UNDO), change(add, Kind.ADD));
    assertThat(all(another, 1)).contains(change(add, Kind.ADD));
  }

  static List<Long> seeds() {
    return Sample.oneIn(3, List.of(1L, 2L, 3L));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void changes_duringConcurrentWritesAndUndos_missNothing(long seed) throws Exception {
    Random random = new Random(seed);
    Map<OperationId, Kind> done = new ConcurrentHashMap<>();
    Map<OperationId, Kind> reported = new HashMap<>();
    String position = changes(null, 10).next();
    List<Thread> writers = new ArrayList<>();
    for (int w = 0; w < 6; w++) {
      Random own = new Random(random.nextLong());
      int count = 30 + random.nextInt(30);
      writers.add(Thread.ofVirtual().start(() -> {
        for (int i = 0; i < count; i++) {
          write(own, done);
        }
      }));
    }
    while (writers.stream().anyMatch(Thread::isAlive)) {
      position = read(position, 1 + random.nextInt(40), reported);
    }
    for (Thread writer : writers) {
      writer.join();
    }
    // Each operation has one entry, so nothing is left after as many pages.
    for (int page = 0; page <= done.size(); page++) {
      position = read(position, 7, reported);
    }
    assertThat(changes(position, 7)).as("nothing is left").isEqualTo(new LogPage(List.of(), position, false));

    assertThat(reported).as("seed " + seed).isEqualTo(done);
  }

  /** Writes an add and maybe an update, and undoes some of them. */
  private void write(Random random, Map<OperationId, Kind> done) {
    Operation add = add("text");
    assertApplied(write(add));
    done.put(add.op(), Kind.ADD);
    int next = random.nextInt(4);
    if (next == 0) {
      assertApplied(undo(add));
      done.put(add.op(), Kind.UNDO);
    } else if (next == 1) {
      Operation update = update(row(add.memory()), "changed");
      assertApplied(write(update));
      assertApplied(undo(update));
      done.put(update.op(), Kind.UNDO);
    }
  }

  /** Reads a page, and keeps the last report of each operation. */
  private String read(String position, int limit, Map<OperationId, Kind> reported) {
    LogPage page = changes(position, limit);
    for (MemoryChange change : page.changes()) {
      Kind before = reported.put(change.op(), change.kind());
      assertThat(before == Kind.UNDO && change.kind() != Kind.UNDO).as("back after it was undone").isFalse();
    }
    return page.next();
  }

  @Test
  void changes_afterNoPosition_areRefused() {
    for (String text : List.of("x", "-1", "AA", "A".repeat(8_000), "\0", " ", "1.", "\u00e9")) {
      assertThatThrownBy(() -> changes(text, 10)).as(text).hasCauseInstanceOf(InvalidInputException.class);
    }
  }
}
