package dev.memlane.storage.history;

import dev.memlane.model.ChangeCursor;
import dev.memlane.model.InvalidInputException;
import dev.memlane.storage.history.LogPosition.Anchor;
import dev.memlane.testing.fuzz.FuzzTarget;
import dev.memlane.testing.fuzz.Refusals;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** The text of cursors of changes, and of the positions in them. */
public final class CursorFuzzTarget implements FuzzTarget {

  private static final Instant TIME = Instant.parse("2026-03-02T09:14:00.000001Z");

  @Override
  public String name() {
    return "cursor";
  }

  @Override
  public List<byte[]> seeds() {
    return Stream.concat(
        Stream.of("", "0", "1.0.", "1.1772442840000001.AAAA", "2.0.AA", "1.-1.AA", "1.01.AA", "1.0.A=", "1.0.\u00e9"),
        Stream.of(
            LogPosition.of(1, 2, 1_001, null, List.of(new Anchor(1_000, -1)), LongStream.empty()),
            LogPosition.of(-1, -2, 1_000, 5L, List.of(new Anchor(1_000, 5), new Anchor(999, 4)), LongStream.of(3, 998)),
            LogPosition.of(-1, -2, Long.MAX_VALUE, 5L, List.of(new Anchor(1L << 62, 5)),
                LongStream.rangeClosed(1, LogPosition.MOST_PENDING)))
            .map(position -> new ChangeCursor(TIME, position.write()).toString()))
        .map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
  }

  @Override
  public List<String> words() {
    return List.of("1.", ".", "0", "A", "_", "-", "AQ", "__", "=", " ", "9999999999999999999");
  }

  @Override
  public void check(byte[] input) {
    String text = new String(input, StandardCharsets.UTF_8);
    try {
      ChangeCursor cursor = ChangeCursor.parse(text);
      require(cursor.toString().equals(text) && text.length() <= ChangeCursor.LONGEST, text);
      LogPosition position = LogPosition.read(cursor.position());
      require(position.write().equals(cursor.position()), text);
    } catch (InvalidInputException e) {
      Refusals.requirePlain(e.getMessage(), input);
    }
  }

  private static void require(boolean condition, String text) {
    if (!condition) {
      throw new AssertionError("it is not read back the same: " + text);
    }
  }
}
