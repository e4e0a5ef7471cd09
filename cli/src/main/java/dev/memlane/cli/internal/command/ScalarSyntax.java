package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Metadata;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.regex.Pattern;

/**
 * The syntax of values on the command line. {@code true} and {@code false} are booleans, a number in JSON's notation is
 * a number, and everything else is text. Double quotes make a text of anything ({@code "42"}); within them, {@code \"}
 * and {@code \\} stand for a quote and a backslash. {@code |} separates several values.
 */
final class ScalarSyntax {

  private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");

  private static final int LONGEST_SHOWN = 80;

  private ScalarSyntax() {}

  /**
   * Reads the values of a text, at least one.
   *
   * @param what the whole argument, for messages
   * @throws InvalidInputException if a value is empty or a quote is not closed
   */
  static List<Object> values(String text, String what) {
    return words(text, what).stream().map(word -> word.quoted ? word.text : scalar(word.text, what)).toList();
  }

  /**
   * Reads the values of a text as texts, whatever they look like.
   *
   * @throws InvalidInputException as {@link #values} does
   */
  static List<String> texts(String text, String what) {
    return words(text, what).stream().map(Word::text).toList();
  }

  /** One of several values, as it was written. */
  private record Word(String text, boolean quoted) {}

  private static List<Word> words(String text, String what) {
    List<Word> words = new ArrayList<>();
    int position = 0;
    do {
      position = skipBlanks(text, position);
      if (position < text.length() && text.charAt(position) == '"') {
        StringBuilder quoted = new StringBuilder();
        position = skipBlanks(text, readQuoted(text, position, quoted, what));
        if (position < text.length() && text.charAt(position) != '|') {
          throw new InvalidInputException("after the closing quote of a value there is more in: " + shown(what));
        }
        words.add(new Word(quoted.toString(), true));
      } else {
        int end = text.indexOf('|', position);
        end = end < 0 ? text.length() : end;
        String word = text.substring(position, end).strip();
        if (word.isEmpty()) {
          throw new InvalidInputException(
              "a value is missing in: " + shown(what) + " (the empty text is written \"\")");
        }
        words.add(new Word(word, false));
        position = end;
      }
    } while (position++ < text.length());
    return words;
  }

  /**
   * Reads a quoted text.
   *
   * @param start the position of the opening quote
   * @return the position after the closing quote
   */
  static int readQuoted(String text, int start, StringBuilder into, String what) {
    for (int i = start + 1; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        return i + 1;
      }
      if (c == '\\' && i + 1 < text.length()) {
        i++;
        c = text.charAt(i);
      }
      into.append(c);
    }
    throw new InvalidInputException("a quote is not closed in: " + shown(what));
  }

  /** Writes a value so that it reads back equal: a text that looks like another type is quoted. */
  static String written(Object value) {
    if (!(value instanceof String text)) {
      return value.toString();
    }
    boolean plain = !text.isEmpty() && text.equals(text.strip()) && text.indexOf('|') < 0 && text.charAt(0) != '"'
        && !text.equals("true") && !text.equals("false") && !NUMBER.matcher(text).matches();
    return plain ? text : "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  /** Writes metadata on one line, so that a number differs from a text. */
  static String written(Metadata metadata) {
    StringJoiner joiner = new StringJoiner("  ");
    metadata.forEach((key, value) -> {
      String text = value instanceof List<?> list
          ? String.join("|", list.stream().map(ScalarSyntax::written).toList())
          : written(value);
      joiner.add(TextLayout.line(key) + "=" + TextLayout.line(text));
    });
    return joiner.toString();
  }

  /** Reads metadata: one {@code key=value} or {@code key=value|value} each. */
  static Metadata metadata(List<String> assignments) {
    Metadata metadata = Metadata.empty();
    for (String assignment : assignments) {
      int equals = assignment.indexOf('=');
      if (equals < 1) {
        throw new InvalidInputException("metadata is written key=value, and this is not: " + shown(assignment));
      }
      List<Object> values = values(assignment.substring(equals + 1), assignment);
      metadata = metadata.with(assignment.substring(0, equals).strip(), values.size() == 1 ? values.get(0) : values);
    }
    return metadata;
  }

  private static Object scalar(String word, String what) {
    if (word.equals("true") || word.equals("false")) {
      return Boolean.valueOf(word);
    }
    if (!NUMBER.matcher(word).matches()) {
      return word;
    }
    try {
      return word.matches("-?[0-9]+") ? (Object) Long.valueOf(word) : (Object) Double.valueOf(word);
    } catch (NumberFormatException e) {
      throw new InvalidInputException(
          "the number " + TextLayout.shortened(word, 40)
              + " is too large; to make it a text, put it between double quotes, in: " + shown(what),
          e);
    }
  }

  /** An argument in a message: on one line, and not longer than a person reads. */
  static String shown(String argument) {
    return TextLayout.shortened(argument, LONGEST_SHOWN);
  }

  private static int skipBlanks(String text, int from) {
    int position = from;
    while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
      position++;
    }
    return position;
  }
}
