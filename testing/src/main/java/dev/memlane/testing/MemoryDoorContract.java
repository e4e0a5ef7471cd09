package dev.memlane.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.memlane.model.Scope;
import dev.memlane.testing.MemoryDoor.Report;
import dev.memlane.testing.MemoryDoor.Reported;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The promises of a memory, which hold through every door: the library itself, a framework's store, a protocol, the
 * command. A door adds no semantics; it translates. Each door is a small subclass, which opens it on an empty memory.
 *
 * <pre>{@code
 * class MyDoorTest extends MemoryDoorContract {
 *   protected MemoryDoor open(DoorStage stage) {
 *     VectorIndex index = stage.faulty(LuceneVectorIndex.builder(stage.directory())...open());
 *     MemoryOrchestrator memory = stage.closing(MemoryOrchestrator.builder().stores(..., index)...open());
 *     return new MyDoor(memory);
 *   }
 * }
 * }</pre>
 *
 * <p>
 * A promise that a door cannot express is declared with its reason in {@link #inexpressible}. Its test is then skipped,
 * and the report shows the reason.
 */
@Tag("programs")
public abstract class MemoryDoorContract {

  /** The promises, one test each. */
  public enum Promise {
    /** What is reported as stored is found by the next search. */
    STORED_MEANS_FOUND,
    /** A write that is repeated under its key is stored once. */
    A_RETRY_STORES_ONCE,
    /** A change of a state that is no longer there is reported as a conflict, and changes nothing. */
    A_CONFLICT_IS_REPORTED,
    /** A write that the index refuses is reported as failed, and no store shows anything of it. */
    A_FAILURE_LEAVES_NOTHING_BEHIND,
    /** A write whose outcome is not known is reported as such, and can be asked for. */
    UNSETTLED_IS_REPORTED,
    /** After an erasure, neither the database nor the index holds the text, and other scopes keep theirs. */
    ERASURE_IS_COMPLETE,
    /** A search in one user's scope never finds what belongs to another. */
    USERS_ARE_SEPARATE
  }

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Scope ADA = Scope.user("ada");
  private static final Scope BEN = Scope.user("ben");

  @TempDir
  Path directory;

  private DoorStage stage;
  private MemoryDoor door;

  /** Opens the door on an empty memory; called once before each test. */
  protected abstract MemoryDoor open(DoorStage stage);

  /** The promises that this door cannot express, each with the reason. */
  protected Map<Promise, String> inexpressible() {
    return Map.of();
  }

  @BeforeEach
  void openDoor() {
    stage = new DoorStage(directory);
    door = open(stage);
  }

  @AfterEach
  void closeStage() throws Exception {
    stage.close();
  }

  @Test
  void store_isFoundByTheNextSearch() {
    assume(Promise.STORED_MEANS_FOUND);
    for (String instrument : List.of("oboe", "cello", "harp", "flute", "viola")) {
      assertThat(door.store(ADA, instrument, "Ada plays the " + instrument).report()).isEqualTo(Report.STORED);

      assertThat(door.search(ADA, instrument)).first().isEqualTo("Ada plays the " + instrument);
    }
    assertThat(door.search(ADA, "what does Ada play?")).hasSize(5);
  }

  @Test
  void store_repeatedUnderItsKey_storesOnce() {
    assume(Promise.A_RETRY_STORES_ONCE);
    assertThat(door.store(ADA, "1", "Ada plays the oboe").report()).isEqualTo(Report.STORED);

    for (int i = 0; i < 3; i++) {
      assertThat(door.store(ADA, "1", "Ada plays the oboe").report()).isIn(Report.STORED, Report.UNCHANGED);
    }

    assertThat(door.search(ADA, "oboe")).containsExactly("Ada plays the oboe");
    assertThat(door.store(BEN, "1", "Ben plays the oboe").report()).as("the same key in another scope")
        .isEqualTo(Report.STORED);
  }

  @Test
  void replace_ofAStateThatIsGone_isAConflictAndChangesNothing() {
    assume(Promise.A_CONFLICT_IS_REPORTED);
    door.store(ADA, "1", "Ada lives in Porto");
    String state = door.state(ADA, "1");
    assertThat(door.replace(ADA, "1", state, "Ada lives in Lisbon").report()).isEqualTo(Report.STORED);

    assertThat(door.replace(ADA, "1", state, "Ada lives in Faro").report()).isEqualTo(Report.CONFLICT);

    assertThat(door.search(ADA, "where does Ada live?")).containsExactly("Ada lives in Lisbon");
  }

  @Test
  void store_thatTheIndexRefuses_failsAndLeavesNothingBehind() {
    assume(Promise.A_FAILURE_LEAVES_NOTHING_BEHIND);
    stage.index().refusing("put");

    assertThat(door.store(ADA, "1", "Ada plays the oboe").report()).isEqualTo(Report.FAILED);

    stage.index().heal();
    assertThat(door.search(ADA, "oboe")).isEmpty();
    assertThat(door.store(ADA, "1", "Ada plays the cello").report()).as("the key is free").isEqualTo(Report.STORED);
    assertThat(door.search(ADA, "what does Ada play?")).containsExactly("Ada plays the cello");
  }

  @Test
  void store_whoseOutcomeIsNotKnown_isReportedAndCanBeAskedFor() {
    assume(Promise.UNSETTLED_IS_REPORTED);
    stage.index().neverDoing("put");

    Reported reported = door.store(ADA, "1", "Ada plays the oboe");

    assertThat(reported.report()).isEqualTo(Report.UNSETTLED);
    stage.index().heal();
    assertThat(door.hasLanded(reported)).isTrue();
    awaitFound(ADA, "oboe", "Ada plays the oboe");
    assertThat(door.store(ADA, "1", "Ada plays the oboe").report()).isIn(Report.STORED, Report.UNCHANGED);
    assertThat(door.search(ADA, "oboe")).containsExactly("Ada plays the oboe");
  }

  @Test
  void erase_leavesNothingOfTheScopeInAnyStore() {
    assume(Promise.ERASURE_IS_COMPLETE);
    door.store(ADA, "1", "Ada plays the oboe");
    door.store(ADA, "1", "Ada plays the contrabassoon");
    door.store(ADA.withRun("7"), "1", "Ada's contrabassoon is broken");
    door.store(BEN, "1", "Ben plays the sarrusophone");
    stage.index().store().commit().join();
    assertThat(stage.databaseHolds("contrabassoon")).isTrue();
    assertThat(stage.filesHold("contrabassoon")).isTrue();

    door.erase(ADA);

    assertThat(door.search(ADA, "what does Ada play?")).isEmpty();
    for (String word : List.of("oboe", "contrabassoon")) {
      assertThat(stage.databaseHolds(word)).as("the database holds " + word).isFalse();
      assertThat(stage.filesHold(word)).as("the index holds " + word).isFalse();
    }
    assertThat(stage.databaseHolds("sarrusophone")).isTrue();
    assertThat(door.search(BEN, "what does Ben play?")).containsExactly("Ben plays the sarrusophone");
  }

  @Test
  void search_neverFindsWhatBelongsToAnother() {
    assume(Promise.USERS_ARE_SEPARATE);
    for (int i = 0; i < 20; i++) {
      door.store(BEN, "" + i, "Ben's secret number " + i + " is hidden in the garden");
    }
    door.store(ADA, "1", "Ada has a garden");

    for (String query : List.of("Ben's secret number 7 is hidden in the garden", "secret", "garden")) {
      assertThat(door.search(ADA, query)).containsExactly("Ada has a garden");
    }
    assertThat(door.search(Scope.user("BEN"), "secret number")).isEmpty();
    assertThat(door.search(ADA.withRun("7"), "garden")).as("a narrower scope").isEmpty();
    assertThat(door.search(BEN, "secret number")).hasSize(10).allMatch(text -> text.startsWith("Ben's"));
  }

  private void assume(Promise promise) {
    String reason = inexpressible().get(promise);
    assumeTrue(reason == null, () -> promise + " is not for this door: " + reason);
  }

  /** Waits until the index has followed a write that has landed. */
  private void awaitFound(Scope scope, String query, String text) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!door.search(scope, query).contains(text)) {
      assertThat(System.nanoTime()).as("a write that has landed is found in time").isLessThan(end);
      Thread.onSpinWait();
    }
  }
}
