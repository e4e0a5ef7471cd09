package dev.memlane.cli;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Metadata;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How values are written on the command line: {@code true} and {@code false} are booleans, what JSON takes for a number
 * is a number, all else is text; double quotes make a text of anything ({@code "42"}), with {@code \"} and {@code \\}
 * within. Several values are separated by {@code |}.
 */
final class ScalarSyntax {

  private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");

  private ScalarSyntax() {}

  /**
   * Reads the values of a text, at least one.
   *
   * @param what the whole that the text is part of, for messages
   * @throws InvalidInputException if a value is empty or a quote is not closed
   */
  static List<Object> values(String text, String what) {
    List<Object> values = new ArrayList<>();
    int position = 0;
    do {
      position = skipBlanks(text, position);
      if (position < text.length() && text.charAt(position) == '"') {
        StringBuilder quoted = new StringBuilder();
        position = skipBlanks(text, readQuoted(text, position, quoted, what));
        if (position < text.length() && text.charAt(position) != '|') {
          throw new InvalidInputException("after the closing quote of a value there is more in: " + what);
        }
        values.add(quoted.toString());
      } else {
        int end = text.indexOf('|', position);
        end = end < 0 ? text.length() : end;
        String word = text.substring(position, end).strip();
        if (word.isEmpty()) {
          throw new InvalidInputException("a value is missing in: " + what + " (the empty text is written \"\")");
        }
        values.add(scalar(word, what));
        position = end;
      }
    } while (position++ < text.length());
    return values;
  }

  /**
   * Reads what stands between double quotes.
   *
   * @param start where the opening quote is
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
    throw new InvalidInputException("a quote is not closed in: " + what);
  }

  /** Writes a value so that it would be read as what it is: a text that looks like another value is quoted. */
  static String written(Object value) {
    if (!(value instanceof String text)) {
      return value.toString();
    }
    boolean plain = !text.isEmpty() && text.equals(text.strip()) && text.indexOf('|') < 0 && text.charAt(0) != '"'
        && !text.equals("true") && !text.equals("false") && !NUMBER.matcher(text).matches();
    return plain ? text : "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  /** Reads metadata: one {@code key=value} or {@code key=value|value} each. */
  static Metadata metadata(List<String> assignments) {
    Metadata metadata = Metadata.empty();
    for (String assignment : assignments) {
      int equals = assignment.indexOf('=');
      if (equals < 1) {
        throw new InvalidInputException("metadata is written key=value, and this is not: " + assignment);
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
          "the number " + Layout.shortened(word, 40)
              + " is too large; to have it as a text, put it between double quotes, in: " + Layout.shortened(what, 80),
          e);
    }
  }

  private static int skipBlanks(String text, int from) {
    int position = from;
    while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
      position++;
    }
    return position;
  }
}
