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
import dev.memlane.model.Details;
import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Operation;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Adds, updates, deletes and their undo. */
abstract class StoreWriteContract extends StoresTestCase {

  StoreWriteContract(Supplier<StoresContract.Opened> open) {
    super(open);
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
  void add_rowExists_isNotAppliedAndLogsNothing() {
    Operation first = add("first");
    assertApplied(write(first));
    Operation second = add(first.memory(), "second", Scope.user("ada"), Metadata.empty());

    assertNotApplied(write(second));

    assertThat(row(first.memory()).memory()).isEqualTo(first.after());
    assertThat(entries(first.memory())).hasSize(1);
  }

  @Test
  void update_expectingTheRowsStamp_replacesAndLogsOldAndNew() {
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
  void undo_ofAnUpdate_restoresTheRowBeforeUnderAFreshStamp() {
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
  void update_ofDetails_isInRowAndEntry_andItsUndoRestoresTheOldOnes() {
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
  void undo_ofADelete_restoresContentAndVector() {
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
  void undo_afterALaterOperation_isNotAppliedAndKeepsTheEntry() {
    Operation add = add("old");
    assertApplied(write(add));
    Operation update = update(row(add.memory()), "new");
    assertApplied(write(update));

    assertNotApplied(undo(add));

    assertThat(row(add.memory()).memory()).isEqualTo(update.after());
    assertThat(entries(add.memory())).hasSize(2);
  }

  @Test
  void add_overTheExpectedVoidRow_isAppliedAsVersionOne() {
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
  void delete_removesTheKeyFromTheRow_andItsUndoRestoresIt() {
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
  void hostileTexts_areStoredUnchanged() {
    String content = "'; drop table memory; -- \" \\ % _ $1 ? :name {} \t\n\u0001 \uD83D\uDE00 \u4F60\u597D";
    Operation add = add(newId(), content, new Scope("o'hara \\ \"x\"", ":agent", "$run?"),
        Metadata.of("key ? : ' \" \\", List.of(content, "{a,b}", "null", "NULL", "")));

    assertApplied(write(add));

    assertThat(row(add.memory()).memory()).isEqualTo(add.after());
    assertThat(core.list(Objects.requireNonNull(add.after()).scope(),
        Filter.equal("key ? : ' \" \\", content), null, 10, NOW).join()).hasSize(1);
  }
}
