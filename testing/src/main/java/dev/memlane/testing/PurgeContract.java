package dev.memlane.testing;

import static dev.memlane.testing.TestOperations.add;
import static dev.memlane.testing.TestOperations.delete;
import static dev.memlane.testing.TestOperations.newId;
import static dev.memlane.testing.TestOperations.update;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.HistoryEntry;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Purging deleted memories. */
abstract class PurgeContract extends StoresTestCase {

  PurgeContract(Supplier<StoresContract.Opened> open) {
    super(open);
  }

  @Test
  void purge_ofATombstone_leavesOneEntryWithoutContent() throws Exception {
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
      assertThat(feed.poll().join())
          .isEqualTo(new ChangeFeed.Changes(Map.of(add.memory(), Set.of(delete.op())), Set.of(add.memory()), false));
      assertThat(entries(other.memory())).hasSize(1);
      assertThat(history.heads(null, 10).join()).isEqualTo(core.heads(null, 10).join());
      assertApplied(purge(row));
      assertThat(entries(add.memory())).as("purged again").containsExactly(erased);
    }
  }

  @Test
  void purge_expectingAnotherStamp_isNotAppliedAndKeepsTheEntries() {
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
  void undo_ofAPurgedDelete_isNotApplied() {
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
  void unpurged_inPages_areTheScopesTombstonesWithAHistory() {
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

  private Written purge(CoreRow seen) {
    UUID stamp = UUID.randomUUID();
    Unit unit = units.begin(Unit.Kind.PURGE, seen.id(), seen.op(), Instant.now().plusSeconds(10));
    CompletableFuture<StoreResult> corePart = core.purge(unit, seen.stamp(), stamp);
    CompletableFuture<StoreResult> historyPart = history.purge(unit, stamp);
    return new Written(corePart.join(), historyPart.join());
  }
}
