package dev.memlane.cli.internal.terminal;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.TimeParser;
import java.time.Instant;

/** Times as people write them, in options and in files. */
public final class TimeSyntax {

  private TimeSyntax() {}

  /**
   * Reads a time. For a plain number, the message names the option that makes it a time.
   *
   * @param what the name of the value, for messages
   * @throws InvalidInputException if it is not a time
   */
  public static Instant read(TimeParser times, String what, String text) {
    if (times.unit() == null && TimeParser.isNumber(text)) {
      throw new InvalidInputException(what + " is the number " + TextLayout.shortened(text, 40)
          + "; --epoch seconds or --epoch milliseconds says what it counts");
    }
    return times.parse(what, text);
  }
}
