package dev.memlane.testing.fuzz;

import dev.memlane.testing.PlainMessages;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The check of the messages with which a parser refuses input. */
public final class Refusals {

  /** The longest message, in characters: a reason, and some quotes of the input. */
  private static final int LONGEST = 2_000;
  private static final List<Charset> CHARSETS = List.of(StandardCharsets.UTF_8, StandardCharsets.UTF_16LE,
      StandardCharsets.UTF_16BE);
  private static final Pattern ESCAPE = Pattern.compile("\\\\u([0-9a-fA-F]{4})");
  private static final Pattern MARGIN = Pattern.compile("^\\W+|\\W+$");

  private Refusals() {}

  /**
   * Fails unless the message is plain and short. A message may quote the input: words of the input are allowed.
   *
   * @see PlainMessages
   */
  public static void requirePlain(@Nullable String message, byte[] input) {
    if (message == null || message.isBlank()) {
      throw new AssertionError("the input is refused without a message");
    }
    if (message.length() > LONGEST) {
      throw new AssertionError(
          "a message has " + message.length() + " characters: " + message.substring(0, 200) + "...");
    }
    String forbidden = PlainMessages.forbiddenIn(message);
    if (forbidden != null && !contains(input, MARGIN.matcher(forbidden).replaceAll(""))) {
      throw new AssertionError("\"" + forbidden + "\" must not be in the message: " + message);
    }
  }

  private static boolean contains(byte[] input, String words) {
    return CHARSETS.stream().map(charset -> new String(input, charset))
        .anyMatch(text -> text.contains(words) || unescaped(text).contains(words));
  }

  private static String unescaped(String text) {
    return ESCAPE.matcher(text).replaceAll(match -> Matcher
        .quoteReplacement(String.valueOf((char) Integer.parseInt(match.group(1), 16))));
  }
}
