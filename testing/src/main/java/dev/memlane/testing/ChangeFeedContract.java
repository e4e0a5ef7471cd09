package dev.memlane.testing;

import static dev.memlane.testing.TestOperations.add;
import static dev.memlane.testing.TestOperations.delete;
import static dev.memlane.testing.TestOperations.newOp;
import static dev.memlane.testing.TestOperations.update;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.model.store.Operation;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The feed of changes. */
abstract class ChangeFeedContract extends StoresTestCase {

  ChangeFeedContract(Supplier<StoresContract.Opened> open) {
    super(open);
  }

  @Test
  void feed_reportsWritesAndUndosSinceTheLastPoll() throws Exception {
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
  void feed_duringConcurrentWrites_missesNothing(long seed) throws Exception {
    Random random = new Random(seed);
    Set<MemoryId> reported = new HashSet<>();
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
        reported.addAll(feed.poll().join().memories());
      }
      reported.addAll(feed.poll().join().memories());
    }
    assertThat(reported).as("seed " + seed).isEqualTo(written);
  }

  @Test
  void feed_reportsRestores() throws Exception {
    ArchivedMemory archived = removed(add("restored"));
    try (ChangeFeed feed = history.follow().join()) {
      assertApplied(restore(newOp(), archived, null));
      assertThat(feed.poll().join().memories()).containsExactly(archived.id());
    }
  }
}
