package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.memlane.model.ChangeCursor;
import dev.memlane.model.ExpiredCursorException;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryChange;
import dev.memlane.model.MemoryChange.Kind;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Changes after a cursor. */
@Tag("programs")
class ChangesTest {

  private static final Scope ADA = Scope.user("ada").withRun("7");

  private static TestMemory test;

  @BeforeAll
  static void open(@TempDir Path directory) {
    test = TestMemory.open(directory);
  }

  @AfterAll
  static void close() {
    test.close();
  }

  private static ChangeCursor now() {
    return test.blocking.changes(null, 10).next();
  }

  private static MemoryChange change(HistoryEntry entry, Scope scope) {
    return new MemoryChange(entry.memory(), entry.op(), Kind.valueOf(entry.kind().name()), entry.version(), entry.at(),
        scope);
  }

  @Test
  void changes_haveScopesAndGoOnFromTheTextOfACursor() {
    ChangeCursor now = now();
    Memory memory = test.blocking.addMemory(NewMemory.of("the oboe", ADA));
    test.blocking.updateMemory(MemoryUpdate.content(memory.id(), "the lute"));
    test.blocking.deleteMemory(MemoryDeletion.of(memory.id()));
    List<MemoryChange> wanted = test.blocking.history(memory.id()).stream().map(entry -> change(entry, ADA)).toList();

    ChangePage first = test.blocking.changes(ChangeCursor.parse(now.toString()), 2);
    assertThat(first.changes()).isEqualTo(wanted.subList(0, 2));
    assertThat(first.more()).isTrue();
    ChangePage second = test.blocking.changes(ChangeCursor.parse(first.next().toString()), 2);
    assertThat(second.changes()).isEqualTo(wanted.subList(2, 3));
    assertThat(second.more()).isFalse();
    assertThat(test.blocking.changes(second.next(), 2).changes()).isEmpty();
    assertThat(test.blocking.changes(ChangeCursor.beginning(), 1_000).changes()).containsAll(wanted);

    test.blocking.deleteMemory(MemoryDeletion.of(memory.id()).purgingHistory());
    assertThat(test.blocking.changes(second.next(), 2).changes()).singleElement()
        .isEqualTo(change(test.blocking.history(memory.id()).getFirst(), ADA))
        .extracting(MemoryChange::kind).isEqualTo(Kind.ERASE);
  }

  @Test
  void changes_thatWereRolledBack_areUndone() {
    Memory memory = test.blocking.addMemory(NewMemory.of("the oboe", ADA));
    ChangeCursor now = now();

    test.index.refusingAfter("put", test.history.nextAnswer("write"));
    WriteOutcome add = test.blocking.add(NewMemory.of("the lute", Scope.user("bob")));
    test.index.refusingAfter("put", test.history.nextAnswer("write"));
    assertThatThrownBy(() -> test.blocking.updateMemory(MemoryUpdate.content(memory.id(), "the lute")));
    test.heal();

    assertThat(add).isInstanceOf(WriteOutcome.RolledBack.class);
    assertThat(test.blocking.changes(now, 10).changes()).extracting(MemoryChange::kind, MemoryChange::scope)
        .containsExactly(tuple(Kind.UNDO, Scope.user("bob")),
            tuple(Kind.UNDO, ADA));
  }

  @Test
  void changes_ofAnotherProcessAndAfterARestart_areReported(@TempDir Path directory) {
    String url = TestMemory.freshDatabase();
    ChangeCursor cursor;
    try (TestMemory one = TestMemory.open(url, directory.resolve("one"))) {
      cursor = one.blocking.changes(null, 10).next();
      assertThat(cursor).isEqualTo(ChangeCursor.beginning());
      try (TestMemory other = TestMemory.open(url, directory.resolve("other"))) {
        other.blocking.addMemories(
            IntStream.range(0, 25).mapToObj(i -> NewMemory.of("number " + i, ADA)).toList());
      }
      ChangePage page = one.blocking.changes(cursor, 10);
      assertThat(page.changes()).hasSize(10);
      cursor = page.next();
    }
    try (TestMemory again = TestMemory.open(url, directory.resolve("one"))) {
      assertThat(again.blocking.changes(cursor, 100).changes()).hasSize(15);
    }
  }

  @Test
  void changes_afterHalfTheRetentionTime_haveExpired(@TempDir Path directory) {
    Duration[] ahead = {Duration.ZERO};
    try (TestMemory aging = TestMemory.open(TestMemory.freshDatabase(), directory,
        TestMemory.settings(Duration.ZERO, scope -> false), () -> InstantSource.system().instant().plus(ahead[0]))) {
      aging.blocking.addMemory(NewMemory.of("the oboe", ADA));
      ChangeCursor cursor = aging.blocking.changes(null, 10).next();
      ahead[0] = Duration.ofDays(15).minusHours(1);
      ChangeCursor renewed = aging.blocking.changes(cursor, 10).next();
      assertThat(renewed.position()).isEqualTo(cursor.position());

      ahead[0] = Duration.ofDays(15);

      assertThatThrownBy(() -> aging.blocking.changes(cursor, 10)).isInstanceOf(ExpiredCursorException.class)
          .hasMessageContaining("PT360H").hasMessageContaining("list everything again");
      assertThat(aging.blocking.changes(renewed, 10).changes()).isEmpty();
      assertThat(aging.blocking.changes(ChangeCursor.beginning(), 10).changes()).hasSize(1);
      ahead[0] = Duration.ofDays(-2);
      assertThatThrownBy(() -> aging.blocking.changes(renewed, 10)).as("a time to come")
          .isInstanceOf(ExpiredCursorException.class);
    }
  }

  @Test
  void changes_withWrongArguments_areRefused() {
    assertThatThrownBy(() -> test.blocking.changes(null, 0)).isInstanceOf(InvalidInputException.class);
    assertThatThrownBy(() -> test.blocking.changes(new ChangeCursor(Instant.now(), "AA"), 10))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("no cursor of changes");
  }
}
