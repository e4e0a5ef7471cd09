package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A durable position in the changes of a memory store: everything before it has been reported. It survives restarts of the
 * program and of the database. Its text is opaque, at most {@value #LONGEST} characters, and safe in URLs and headers. It
 * names no memory and no scope.
 *
 * @param at when it was made; a cursor older than the store remembers has expired
 * @param position the position in the log, as the history store writes it; empty for its beginning
 */
public record ChangeCursor(Instant at, String position) {

  /** The longest text form, in characters. */
  public static final int LONGEST = 7_000;

  private static final ChangeCursor BEGINNING = new ChangeCursor(Instant.EPOCH, "");
  private static final String BEGINNING_TEXT = "0";
  private static final Pattern POSITION = Pattern.compile("[A-Za-z0-9_-]+");
  /** The version of the form; microseconds since 1970; the position. */
  private static final Pattern TEXT = Pattern.compile("1\\.(0|[1-9][0-9]{0,17})\\.([A-Za-z0-9_-]+)");

  public ChangeCursor {
    Objects.requireNonNull(at, "at");
    Objects.requireNonNull(position, "position");
    at = position.isEmpty() ? Instant.EPOCH : at.truncatedTo(ChronoUnit.MICROS);
    if (!position.isEmpty() && !POSITION.matcher(position).matches() || position.length() > LONGEST - 30
        || at.isBefore(Instant.EPOCH)) {
      throw new InvalidInputException("that is no cursor of changes");
    }
  }

  /** The position before everything: from there, each entry of the log is reported. */
  public static ChangeCursor beginning() {
    return BEGINNING;
  }

  /**
   * Reads a cursor as {@link #toString} writes it.
   *
   * @throws InvalidInputException if the text is no cursor
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static ChangeCursor parse(String text) {
    if (text.equals(BEGINNING_TEXT)) {
      return BEGINNING;
    }
    Matcher matcher = TEXT.matcher(text);
    if (text.length() > LONGEST || !matcher.matches()) {
      throw unreadable(text, null);
    }
    try {
      return new ChangeCursor(Instant.EPOCH.plus(Long.parseLong(matcher.group(1)), ChronoUnit.MICROS),
          matcher.group(2));
    } catch (DateTimeException | ArithmeticException e) {
      throw unreadable(text, e);
    }
  }

  private static InvalidInputException unreadable(String text, @Nullable Throwable cause) {
    return new InvalidInputException("\"" + Texts.abbreviate(text, 60)
        + "\" is no cursor of changes; take it from the page before, or leave it out to begin now", cause);
  }

  @Override
  @JsonValue
  public String toString() {
    return position.isEmpty()
        ? BEGINNING_TEXT
        : "1." + ChronoUnit.MICROS.between(Instant.EPOCH, at) + "." + position;
  }
}
