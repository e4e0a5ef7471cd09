package dev.memlane.storage.history;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.ChangeCursor;
import dev.memlane.storage.history.LogPosition.Anchor;
import dev.memlane.testing.fuzz.MutationFuzzer;
import java.time.Instant;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The text form of positions. */
@Tag("slow")
class LogPositionTest {

  private static final long LARGE = Long.MAX_VALUE - 1;

  @Test
  void positions_areReadAsTheyWereWritten() {
    List<Anchor> anchors = List.of(new Anchor(LARGE - 1, -1), new Anchor(7, 0));
    for (Long within : new Long[]{null, 0L, Long.MIN_VALUE}) {
      for (LongStream pending : List.of(LongStream.empty(), LongStream.of(5, 3, LARGE, LARGE - 2))) {
        LogPosition position = LogPosition.of(1, -2, LARGE, within, anchors, pending);

        assertThat(LogPosition.read(position.write())).isEqualTo(position);
      }
    }
    assertThat(LogPosition.read("")).isEqualTo(LogPosition.BEGINNING);
    assertThat(LogPosition.BEGINNING.write()).isEmpty();
  }

  @Test
  void position_withTooManyPendingTransactions_reportsTheLatestAgain() {
    LogPosition position = LogPosition.of(1, 2, LARGE, 3L,
        List.of(new Anchor(LARGE, 1), new Anchor(LARGE, 2), new Anchor(LARGE, 3), new Anchor(LARGE, 4)),
        LongStream.range(0, 10_000).map(each -> LARGE - 1 - each * (LARGE / 10_001)));

    assertThat(position.pending()).hasSize(LogPosition.MOST_PENDING).isSorted();
    assertThat(position.end()).isGreaterThan(position.pending().getLast()).isLessThan(LARGE / 10);
    assertThat(position.within()).isNull();
    ChangeCursor cursor = new ChangeCursor(Instant.parse("9999-12-31T23:59:59Z"), position.write());
    assertThat(cursor.toString()).hasSizeLessThan(ChangeCursor.LONGEST);
    assertThat(LogPosition.read(ChangeCursor.parse(cursor.toString()).position())).isEqualTo(position);
  }

  @Test
  void cursors_ofAnyText_areReadBackTheSameOrRefusedPlainly() throws Exception {
    MutationFuzzer.run(new CursorFuzzTarget(), 20_000);
  }
}
