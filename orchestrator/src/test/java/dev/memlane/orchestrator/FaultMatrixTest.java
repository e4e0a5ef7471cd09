package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.WriteOutcome;
import dev.memlane.testing.OwnServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every fault in every store and in the embedder during every operation, on real stores: which outcome the caller gets,
 * what the three stores hold then, and what they hold when everything has settled and after the next opening.
 *
 * <p>
 * The cells are all combinations of {@link Target}, {@link Fault} and {@link Kind}. A cell either has a reason why it
 * is impossible, or {@link #expected} derives its result from the rules of the write protocol and {@link FaultStage}
 * plays it. Fast cells are always played. Slow ones wait for a time-out or stop the server, so a sample of them is
 * played: {@code -Dmemlane.seed=...} changes the sample, and {@code -Dmemlane.matrix=all} plays all of them.
 */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
class FaultMatrixTest {

  private static final int SAMPLE = 12;

  /** Where the fault happens. */
  enum Target {
    CORE, VECTOR, HISTORY, EMBEDDER
  }

  /** What goes wrong. */
  enum Fault {
    FAIL(false), HANG_PAST_THE_DEADLINE(true), ANSWER_LATE(true), FAIL_AND_FAIL_UNDO(false), CUT_BEFORE_COMMIT(
        false), CUT_DURING_COMMIT(
            false), CUT_AFTER_COMMIT(false), SERVER_STOPPED_BEFORE_COMMIT(true), SERVER_STOPPED_AFTER_COMMIT(true);

    private final boolean slow;

    Fault(boolean slow) {
      this.slow = slow;
    }

    boolean isOfTheConnection() {
      return name().startsWith("CUT") || stopsTheServer();
    }

    boolean stopsTheServer() {
      return name().startsWith("SERVER");
    }
  }

  /** The operation meanwhile. A put replaces a memory. A batch adds three memories, and the fault hits one of them. */
  enum Kind {
    ADD, PUT, UPDATE, DELETE, BATCH
  }

  /** Whether the operation has landed in the end. */
  enum Landed {
    YES, NO,
    /** It may have been in time or not; it is as the outcome says. */
    AS_REPORTED
  }

  record Cell(Target target, Fault fault, Kind kind) {
    @Override
    public String toString() {
      return (target + " " + fault + " during " + kind).toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /** The result of a cell: one of these outcomes for the operation that is hit, and whether it has landed. */
  record Expected(Set<Class<? extends WriteOutcome>> outcomes, Landed landed) {}

  private static List<Cell> cells() {
    return Arrays.stream(Target.values())
        .flatMap(target -> Arrays.stream(Fault.values())
            .flatMap(fault -> Arrays.stream(Kind.values()).map(kind -> new Cell(target, fault, kind))))
        .toList();
  }

  /** Why the cell is impossible, or null if it is possible. */
  static @Nullable String reasonAgainst(Cell cell) {
    return switch (cell.target) {
      case EMBEDDER -> cell.kind == Kind.DELETE
          ? "a delete embeds nothing"
          : cell.fault == Fault.FAIL_AND_FAIL_UNDO
              ? "nothing has been written when texts are embedded, so there is nothing to undo"
              : cell.fault.isOfTheConnection() ? "the embedder is not reached over the database's connection" : null;
      case VECTOR -> cell.fault.isOfTheConnection()
          ? "the index is files of this process and has no connection"
          : cell.fault == Fault.FAIL_AND_FAIL_UNDO && cell.kind == Kind.DELETE
              ? "nothing is sent before the index has agreed to a delete: there is nothing to undo"
              : null;
      case HISTORY -> cell.fault.isOfTheConnection()
          ? "history shares core's transaction and connection, so it is the same cell as core's"
          : sharedReason(cell);
      case CORE -> sharedReason(cell);
    };
  }

  private static @Nullable String sharedReason(Cell cell) {
    return cell.fault == Fault.FAIL_AND_FAIL_UNDO && cell.kind == Kind.DELETE
        ? "core and history fail together, and a delete puts no document: there is nothing to undo"
        : null;
  }

  /** The result by the rules of the write protocol. */
  static Expected expected(Cell cell) {
    Class<? extends WriteOutcome> done = switch (cell.kind) {
      case DELETE -> WriteOutcome.Deleted.class;
      case PUT -> WriteOutcome.Replaced.class;
      case ADD, UPDATE, BATCH -> WriteOutcome.Stored.class;
    };
    if (cell.target == Target.EMBEDDER) {
      // Without a vector in time, the operation ends before anything is written.
      return new Expected(Set.of(WriteOutcome.Refused.class), Landed.NO);
    }
    boolean vector = cell.target == Target.VECTOR;
    if (vector && cell.kind == Kind.DELETE) {
      // The index is asked first, and without its consent nothing is sent.
      return new Expected(Set.of(WriteOutcome.RolledBack.class), Landed.NO);
    }
    return switch (cell.fault) {
      // Whichever store fails, exactly what the others did is undone.
      case FAIL -> new Expected(Set.of(WriteOutcome.RolledBack.class), Landed.NO);
      // If core's part cannot be undone, the operation is completed. A document that cannot be removed is removed in
      // the
      // background.
      case FAIL_AND_FAIL_UNDO -> vector
          ? new Expected(Set.of(done), Landed.YES)
          : new Expected(Set.of(WriteOutcome.RolledBack.class), Landed.NO);
      // Core has it, and the index follows. The database ends a statement that hangs for too long.
      case HANG_PAST_THE_DEADLINE ->
        vector
            ? new Expected(Set.of(WriteOutcome.Unsettled.class), Landed.YES)
            // The fence uses another connection, and may be answered just in time.
            : new Expected(Set.of(WriteOutcome.RolledBack.class, WriteOutcome.Unsettled.class), Landed.NO);
      case ANSWER_LATE -> vector
          ? new Expected(Set.of(WriteOutcome.Unsettled.class), Landed.YES)
          : new Expected(Set.of(done, WriteOutcome.RolledBack.class, WriteOutcome.Unsettled.class), Landed.AS_REPORTED);
      // In doubt, so it is fenced; then it is found in the log or not. The fence of an add is a void row, over which
      // the
      // add runs again.
      case CUT_BEFORE_COMMIT -> cell.kind == Kind.ADD
          ? new Expected(Set.of(done), Landed.YES)
          : new Expected(Set.of(WriteOutcome.RolledBack.class), Landed.NO);
      case CUT_DURING_COMMIT -> new Expected(Set.of(done, WriteOutcome.RolledBack.class), Landed.AS_REPORTED);
      case CUT_AFTER_COMMIT -> new Expected(Set.of(done), Landed.YES);
      // The same if the server is back before the deadline; otherwise it is settled in the background.
      case SERVER_STOPPED_BEFORE_COMMIT -> cell.kind == Kind.ADD
          ? new Expected(Set.of(done, WriteOutcome.Unsettled.class), Landed.AS_REPORTED)
          : new Expected(Set.of(WriteOutcome.RolledBack.class, WriteOutcome.Unsettled.class), Landed.NO);
      case SERVER_STOPPED_AFTER_COMMIT ->
        new Expected(Set.of(done, WriteOutcome.Unsettled.class), Landed.YES);
    };
  }

  private final List<Cell> played = new ArrayList<>();
  private final List<Cell> left = new ArrayList<>();
  @TempDir
  static Path serverDirectory;
  private @Nullable OwnServer server;

  @BeforeAll
  void choose() {
    List<Cell> slow = new ArrayList<>();
    for (Cell cell : cells()) {
      if (reasonAgainst(cell) == null) {
        (cell.fault.slow ? slow : played).add(cell);
      }
    }
    if (!"all".equals(System.getProperty("memlane.matrix"))) {
      long seed = Long.getLong("memlane.seed", 1);
      System.out.println("fault matrix: " + SAMPLE + " of " + slow.size()
          + " slow cells are played, a sample by -Dmemlane.seed=" + seed + "; -Dmemlane.matrix=all plays all");
      Collections.shuffle(slow, new Random(seed));
      left.addAll(slow.subList(SAMPLE, slow.size()));
      slow = slow.subList(0, SAMPLE);
    }
    played.addAll(slow);
  }

  @AfterAll
  void stopServer() {
    if (server != null) {
      server.close();
    }
  }

  Stream<Cell> cellsOnTheCommonServer() {
    return played.stream().filter(cell -> !cell.fault.stopsTheServer());
  }

  Stream<Cell> cellsThatStopTheServer() {
    return played.stream().filter(cell -> cell.fault.stopsTheServer());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cellsOnTheCommonServer")
  void cell_endsAsTheProtocolSays(Cell cell, @TempDir Path directory) throws Exception {
    try (FaultStage stage = new FaultStage(cell, TestMemory.freshDatabase(), null, directory)) {
      stage.play(expected(cell));
    }
  }

  // A sample may have none of these.
  @ParameterizedTest(name = "{0}", allowZeroInvocations = true)
  @MethodSource("cellsThatStopTheServer")
  @ResourceLock("the server that is stopped")
  void cell_inWhichTheServerStops_endsAsTheProtocolSays(Cell cell, @TempDir Path directory) throws Exception {
    OwnServer own = server;
    if (own == null) {
      own = OwnServer.start(serverDirectory, Map.of());
      server = own;
    }
    try (FaultStage stage = new FaultStage(cell, own.freshDatabase(), own, directory)) {
      stage.play(expected(cell));
    }
  }

  @Test
  void everyCombination_isPlayedOrHasAReason() {
    StringBuilder list = new StringBuilder("fault matrix: the impossible cells\n");
    for (Target target : Target.values()) {
      for (Fault fault : Fault.values()) {
        EnumSet<Kind> without = EnumSet.noneOf(Kind.class);
        String reason = "";
        for (Kind kind : Kind.values()) {
          Cell cell = new Cell(target, fault, kind);
          String against = reasonAgainst(cell);
          if (against == null) {
            assertThat(played.contains(cell) ^ left.contains(cell)).as("%s is played or left for a longer run", cell)
                .isTrue();
            assertThat(expected(cell).outcomes()).isNotEmpty();
          } else {
            assertThat(played).doesNotContain(cell);
            without.add(kind);
            reason = against;
          }
        }
        if (!without.isEmpty()) {
          list.append(target).append(' ').append(fault).append(' ').append(without).append(": ").append(reason)
              .append('\n');
        }
      }
    }
    System.out.print(list);
    assertThat(cells()).hasSize(Target.values().length * Fault.values().length * Kind.values().length);
  }
}
