package dev.memlane.archive;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Explanations of JSON that cannot be read, for people who do not know the parser.
 *
 * <p>
 * Public because programs that read other JSON Lines, such as the command line's {@code ingest}, give the same
 * explanations.
 */
public final class JsonErrors {

  private static final Pattern TWICE = Pattern.compile("Duplicate field '(.*)'");
  private static final Pattern UNPRINTABLE = Pattern.compile("[\\s\\p{Cntrl}]+");
  private static final int SHOWN = 30;

  private JsonErrors() {}

  /**
   * Explains why a JSON text cannot be read.
   *
   * @param text the text, of which the explanation quotes the damaged part; null if it is not at hand
   */
  public static String describe(JsonProcessingException e, @Nullable String text) {
    String message = String.valueOf(e.getOriginalMessage());
    Matcher twice = TWICE.matcher(message);
    return switch (e) {
      case JsonEOFException early -> "it ends in the middle; was it cut off?";
      case StreamConstraintsException large ->
        "a number has more than 1,000 digits, a name or a text is too long, or it is nested more than 1,000 deep";
      case MismatchedInputException more -> "something follows the object; put each on a line of its own";
      default -> {
        if (twice.find()) {
          yield "\"" + shortened(twice.group(1), SHOWN) + "\" is there twice";
        }
        if (message.contains("Non-standard token")) {
          yield "NaN and Infinity can't be written in JSON; leave them out" + near(e, text);
        }
        if (message.contains("Illegal unquoted character")) {
          yield "a line break, tab or control character within a text must be written as \\n, \\t or \\u..."
              + near(e, text);
        }
        yield "it can't be read" + near(e, text);
      }
    };
  }

  private static String near(JsonProcessingException e, @Nullable String text) {
    JsonLocation location = e.getLocation();
    if (location == null) {
      return "";
    }
    if (text == null) {
      return " at line " + location.getLineNr() + ", character " + location.getColumnNr();
    }
    // The parser names the position after a wrong word.
    int from = Math.clamp(location.getCharOffset() - SHOWN / 2, 0, Math.max(0, text.length() - 1));
    return " at character " + location.getColumnNr() + ", near "
        + shortened(text.substring(from, Math.min(text.length(), from + SHOWN)), SHOWN);
  }

  /** The text on one line, without control characters, cut to this length. */
  static String shortened(String text, int length) {
    String line = UNPRINTABLE.matcher(text.strip()).replaceAll(" ");
    return line.codePointCount(0, line.length()) <= length
        ? line
        : line.substring(0, line.offsetByCodePoints(0, length - 3)) + "...";
  }
}
