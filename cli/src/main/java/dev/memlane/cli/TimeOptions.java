package dev.memlane.cli;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.TimeParser;
import dev.memlane.model.TimeParser.EpochUnit;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a command reads times. */
final class TimeOptions {

  @Option(names = "--epoch", paramLabel = "UNIT", description = "Take a plain number for a time, as so many seconds or milliseconds since 1970 (default: none is taken).")
  private @Nullable EpochUnit epoch;

  TimeParser parser() {
    return epoch == null ? TimeParser.standard() : TimeParser.counting(epoch);
  }

  /**
   * Reads what was given to an option.
   *
   * @param text null if it wasn't given
   * @throws UsageException if it is no time
   */
  @Nullable
  Instant read(String option, @Nullable String text) {
    return text == null ? null : Context.fromArguments(() -> read(parser(), option, text));
  }

  /** Reads a time. For a plain number, the message says which option makes it one. */
  static Instant read(TimeParser times, String what, String text) {
    if (times.unit() == null && TimeParser.isNumber(text)) {
      throw new InvalidInputException(what + " is the number " + Layout.shortened(text, 40)
          + "; --epoch seconds or --epoch milliseconds says what it counts");
    }
    return times.parse(what, text);
  }
}
