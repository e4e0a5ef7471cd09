package dev.memlane.cli.internal.conversation;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A line of a WhatsApp export with which a message begins. How it writes a time depends on the phone and its language:
 * {@code [31.12.23, 23:59:07] Ada: text}, {@code 12/31/23, 11:59 PM - Ada: text}, and others.
 *
 * @param numbers the three numbers of the date, in their order
 * @param hour 0 to 23
 * @param isAmerican whether the date has slashes and the time "AM" or "PM"
 * @param name who says it; null for a line of WhatsApp's own
 * @param text the text's first line
 */
@SuppressWarnings("ArrayRecordComponent") // It is never compared.
record WhatsAppLine(int[] numbers, int hour, int minute, int second, boolean isAmerican, @Nullable String name,
    String text) {

  /** Marks a text that WhatsApp itself has put there, on some phones. */
  static final char MARK = '\u200E';

  private static final Pattern LINE = Pattern.compile("""
      \u200E?\\[?(\\d{1,4})[./-] ?(\\d{1,2})[./-] ?(\\d{1,4})\\.?,? (?:at |um |\u00E0 )?\
      (\\d{1,2})[:.](\\d{2})(?:[:.](\\d{2}))?(?: ?([AaPp])\\.? ?[Mm]\\.?)?(?:\\] | - )(.*)""", Pattern.DOTALL);
  private static final Pattern SPACES = Pattern.compile("[\u202F\u00A0\t]");
  private static final int LONGEST_HEAD = 60;
  private static final int LONGEST_NAME = 100;
  private static final int NOON = 12;

  /** Reads a line; empty if it goes on with the message before. */
  static Optional<WhatsAppLine> read(String line) {
    // Only the head has spaces of other kinds that mean a blank.
    int head = Math.min(line.length(), LONGEST_HEAD);
    Matcher matcher = LINE.matcher(SPACES.matcher(line.substring(0, head)).replaceAll(" ") + line.substring(head));
    if (!matcher.matches()) {
      return Optional.empty();
    }
    int[] numbers = {number(matcher, 1), number(matcher, 2), number(matcher, 3)};
    int hour = hour(number(matcher, 4), matcher.group(7));
    int minute = number(matcher, 5);
    int second = matcher.group(6) == null ? 0 : number(matcher, 6);
    if (hour > 23 || minute > 59 || second > 59) {
      return Optional.empty();
    }
    String rest = matcher.group(8);
    int colon = rest.indexOf(": ");
    colon = colon < 0 && rest.endsWith(":") ? rest.length() - 1 : colon;
    boolean said = colon > 0 && colon <= LONGEST_NAME;
    return Optional.of(new WhatsAppLine(numbers, hour, minute, second,
        matcher.group(7) != null && line.indexOf('/') >= 0, said ? name(rest.substring(0, colon)) : null,
        said ? rest.substring(Math.min(rest.length(), colon + 2)) : rest));
  }

  private static int number(Matcher matcher, int group) {
    return Integer.parseInt(matcher.group(group));
  }

  private static int hour(int hour, @Nullable String half) {
    if (half == null) {
      return hour;
    }
    if (hour < 1 || hour > NOON) {
      return Integer.MAX_VALUE;
    }
    return hour % NOON + (half.equalsIgnoreCase("p") ? NOON : 0);
  }

  /** Names may have invisible marks of the writing direction around them. Numbers that are no contacts have a tilde. */
  private static String name(String written) {
    return written.replaceAll("[\u200E\u200F\u202A-\u202E\u2066-\u2069]", "").replaceFirst("^~\\s*", "")
        .replace('\u00A0', ' ').strip();
  }

  /** What tells a message from others of the same text: the time as it is written, and the speaker. */
  String source() {
    return numbers[0] + "." + numbers[1] + "." + numbers[2] + " " + hour + ":" + minute + ":" + second + " " + name;
  }
}
