package dev.memlane.model;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The parser of points in time, as people and programs write them; the same for all of Memlane's inputs:
 *
 * <table>
 * <caption>Times</caption>
 * <tr><td>{@code 2026-03-02}</td><td>a day: its begin in UTC</td></tr>
 * <tr><td>{@code 2026-03-02T09:14:00Z}</td><td>a moment in UTC; seconds may be left out, or have up to 9
 * decimals</td></tr>
 * <tr><td>{@code 2026-03-02 10:14 +0100}</td><td>... with an offset, {@code +01:00}, {@code +0100} or {@code +01}; a
 * blank may stand for the T, and before the offset</td></tr>
 * <tr><td>{@code 1772442840}</td><td>a count since 1970-01-01T00:00Z, only if {@link #counting} names the unit; may
 * have decimals</td></tr>
 * </table>
 *
 * <p>
 * A time without an offset is refused, because its time zone is unknown. Immutable and safe for use by several threads.
 */
public final class TimeParser {

  /** The unit of a plain number. */
  public enum EpochUnit {
    SECONDS(9), MILLISECONDS(6);

    /** The number of decimals down to nanoseconds. */
    private final int decimals;

    EpochUnit(int decimals) {
      this.decimals = decimals;
    }
  }

  private static final Pattern TIME = Pattern.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})"
      + "(?:(?:[Tt]| +)([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(?: ?([Zz]|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?");
  private static final Pattern NUMBER = Pattern.compile("(-?)([0-9]{1,18})(?:\\.([0-9]{1,9})[0-9]*)?");
  private static final int NANO_DIGITS = 9;
  private static final int LONGEST_SHOWN = 60;

  private static final TimeParser STANDARD = new TimeParser(null);

  private final @Nullable EpochUnit unit;

  private TimeParser(@Nullable EpochUnit unit) {
    this.unit = unit;
  }

  /** The parser that accepts no plain numbers. */
  public static TimeParser standard() {
    return STANDARD;
  }

  /** A parser that also accepts plain numbers, as counts of this unit since 1970. */
  public static TimeParser counting(EpochUnit unit) {
    return new TimeParser(Objects.requireNonNull(unit, "unit"));
  }

  /** The unit of plain numbers, or null if they are not accepted. */
  public @Nullable EpochUnit unit() {
    return unit;
  }

  /**
   * Whether a text is a plain number, which is a time only with a unit.
   *
   * @param text surrounding blanks are ignored
   */
  public static boolean isNumber(String text) {
    return NUMBER.matcher(text.strip()).matches();
  }

  /**
   * Reads a point in time.
   *
   * @param what its name in messages, such as {@code "occurredAt"}
   * @param text surrounding blanks are ignored
   * @return a time in the years 1 to 9999
   * @throws InvalidInputException if the text is no time; the message shows the accepted forms
   */
  public Instant parse(String what, String text) {
    String stripped = text.strip();
    Matcher number = NUMBER.matcher(stripped);
    if (number.matches()) {
      return count(what, stripped, number);
    }
    Matcher time = TIME.matcher(stripped);
    if (!time.matches()) {
      throw none(what, stripped, null);
    }
    try {
      LocalDate day = LocalDate.of(digits(time, 1), digits(time, 2), digits(time, 3));
      if (time.group(4) == null) {
        return inRange(what, stripped, day.atStartOfDay(ZoneOffset.UTC).toInstant());
      }
      if (time.group(8) == null) {
        throw new InvalidInputException(what + " is " + shown(stripped)
            + ", which has no time zone: add Z for UTC, or an offset such as +01:00");
      }
      LocalTime clock = LocalTime.of(digits(time, 4), digits(time, 5), time.group(6) == null ? 0 : digits(time, 6),
          time.group(7) == null ? 0 : padded(time.group(7), NANO_DIGITS));
      return inRange(what, stripped, day.atTime(clock).toInstant(offset(time.group(8))));
    } catch (DateTimeException e) {
      throw none(what, stripped, e);
    }
  }

  private Instant count(String what, String text, Matcher number) {
    EpochUnit counted = unit;
    if (counted == null) {
      throw new InvalidInputException(what + " is the number " + shown(text)
          + ", which does not say whether it counts seconds or milliseconds; write a time like 2026-03-02 or "
          + "2026-03-02T09:14:00Z");
    }
    long whole = Long.parseLong(number.group(2));
    String decimals = number.group(3);
    long nanos = decimals == null ? 0 : padded(decimals, counted.decimals);
    long seconds = whole;
    if (counted == EpochUnit.MILLISECONDS) {
      seconds = whole / 1_000;
      nanos += whole % 1_000 * 1_000_000;
    }
    boolean negative = !number.group(1).isEmpty();
    try {
      return inRange(what, text, negative
          ? Instant.ofEpochSecond(-seconds, -nanos)
          : Instant.ofEpochSecond(seconds, nanos));
    } catch (DateTimeException e) {
      throw outOfRange(what, text, e);
    }
  }

  private Instant inRange(String what, String text, Instant time) {
    if (time.isBefore(Texts.FIRST) || time.isAfter(Texts.LAST)) {
      throw outOfRange(what, text, null);
    }
    return time;
  }

  private InvalidInputException outOfRange(String what, String text, @Nullable Throwable cause) {
    return new InvalidInputException(what + " is " + shown(text)
        + (isNumber(text) ? unit == EpochUnit.SECONDS ? " seconds" : " milliseconds" : "")
        + ", and must lie in the years 1 to 9999"
        + (isNumber(text) && unit == EpochUnit.SECONDS ? "; are these milliseconds?" : ""), cause);
  }

  private static int digits(Matcher time, int group) {
    return Integer.parseInt(time.group(group));
  }

  /** The first decimals of a fraction as a whole number: "5" with three decimals is 500. */
  private static int padded(String decimals, int length) {
    return Integer.parseInt((decimals + "0".repeat(NANO_DIGITS)).substring(0, length));
  }

  private static ZoneOffset offset(String text) {
    if (Character.isLetter(text.charAt(0))) {
      return ZoneOffset.UTC;
    }
    int sign = text.charAt(0) == '-' ? -1 : 1;
    String plain = text.substring(1).replace(":", "");
    int minutes = plain.length() == 4 ? Integer.parseInt(plain.substring(2)) : 0;
    return ZoneOffset.ofHoursMinutes(sign * Integer.parseInt(plain.substring(0, 2)), sign * minutes);
  }

  private static InvalidInputException none(String what, String text, @Nullable Throwable cause) {
    return new InvalidInputException(what + " must be a day or a time, like 2026-03-02, 2026-03-02T09:14:00Z or "
        + "2026-03-02 10:14:00 +0100, and this is " + (text.isEmpty() ? "empty" : shown(text)), cause);
  }

  private static String shown(String text) {
    return Texts.abbreviate(text.replaceAll("\\p{Cntrl}", "?"), LONGEST_SHOWN);
  }
}
