package dev.memlane.cli.internal.ingestion;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.archive.LineReader;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One record of a file: a line, or a JSON value.
 *
 * @param line the number of the line where it begins, counted from 1
 * @param text the record as text; empty if there is a problem
 * @param problem why it cannot be read; null if it can
 * @param value the record as JSON if its reader has parsed it, else null
 */
public record InputRecord(long line, String text, @Nullable String problem, @Nullable JsonNode value) {

  /** A source of records, in order. */
  @FunctionalInterface
  public interface Reader {

    /** Returns the next record, or null at the end. */
    @Nullable
    InputRecord next() throws IOException;
  }

  boolean isBlank() {
    return problem == null && text.isBlank();
  }

  /** A reader of the records of a text. */
  static Reader reader(TextInput input) throws IOException {
    return switch (input.form()) {
      case LINES -> lines(new LineReader(input.stream()));
      case CARRIAGE_RETURNS -> lines(new LineReader(input.stream(), LineReader.LONGEST_BYTES, (byte) '\r'));
      case VALUES -> new JsonValueReader(input.stream());
    };
  }

  private static Reader lines(LineReader reader) {
    return () -> {
      LineReader.Line line = reader.next();
      return line == null ? null : new InputRecord(line.number(), line.text(), line.problem(), null);
    };
  }
}
