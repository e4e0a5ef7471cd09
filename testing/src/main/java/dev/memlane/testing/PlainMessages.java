package dev.memlane.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The check of messages to people and models against words that only readers of the code understand, such as the names
 * of classes of a parser or of the JDK. The tests of all modules use this one list.
 */
public final class PlainMessages {

  private static final List<Pattern> FORBIDDEN = List.of(
      // Names of classes. "Error:" alone is English.
      Pattern.compile("\\b\\w+(?:Exception|Error)\\b"),
      Pattern.compile("\\b(?:java|javax|jdk|sun)\\.[a-z]\\w*\\.\\w"),
      Pattern.compile("\\b(?:com\\.fasterxml|org\\.postgresql|org\\.apache|org\\.tomlj|picocli\\.|dev\\.memlane)\\b"),
      Pattern.compile("\\b(?:List12|ListN|MapN|Map1|LinkedHashMap|TreeMap|HashMap|ArrayList|BigInteger|BigDecimal)\\b"),
      Pattern.compile("\\b\\w+\\$\\w+\\b"),
      Pattern.compile("\\b[A-Z]\\w+@[0-9a-f]{5,}\\b"),
      Pattern.compile("\\bOptional(?:\\[|\\.empty)"),
      // Stack traces.
      Pattern.compile("(?m)^\\s+at [\\w.]+\\("),
      Pattern.compile("Caused by:"),
      // A JSON parser's own words, settings and tokens.
      Pattern.compile("(?i)jackson"),
      Pattern.compile("Stream(?:Read|Write)(?:Feature|Constraints)|Json(?:Parser|Read|Token|Node|Mapper)\\w*"),
      Pattern.compile("\\b(?:ALLOW|FAIL_ON|ACCEPT|VALUE|START|END|FIELD)_[A-Z_]+\\b"),
      Pattern.compile("(?i)unrecognized token|unexpected character|unexpected end-of-input|was expecting|root value"),
      Pattern.compile("(?i)end-of-input|trailing token|non-standard token|ctrl-char|illegal unquoted"),
      Pattern.compile("(?i)deserializ|reference chain|no content to map|cannot construct|cannot coerce"),
      Pattern.compile("\\[Source:|\\(code \\d+|REDACTED"),
      Pattern.compile("(?i)document nesting depth|number value length|string value length|name length \\("),
      // HTML pages instead of answers.
      Pattern.compile("(?i)<!doctype|<html|<body|<head"),
      Pattern.compile("\\bis not an? (?:int|long|double|float|boolean)\\b"),
      // A missing message.
      Pattern.compile("(?:^|: |= |\\()null(?:$|[.,;)\\n])"),
      Pattern.compile("doesn't say why"));

  private PlainMessages() {}

  /** The first forbidden words in a message, or null if there are none. */
  public static @Nullable String forbiddenIn(String message) {
    for (Pattern pattern : FORBIDDEN) {
      Matcher matcher = pattern.matcher(message);
      if (matcher.find()) {
        return matcher.group().strip();
      }
    }
    return null;
  }

  /** Fails if a message is empty or contains forbidden words. */
  public static void assertPlain(String message) {
    assertThat(message).isNotBlank();
    assertThat(forbiddenIn(message)).as("what must not be in the message: %s", message).isNull();
  }
}
