package dev.memlane.cli.internal.command;

import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The syntax of conditions on metadata on the command line.
 *
 * <table>
 * <caption>Conditions</caption>
 * <tr><td>{@code topic=travel}</td><td>the value, or one of the list, equals this</td></tr>
 * <tr><td>{@code tags=sea|hills}</td><td>... equals one of these</td></tr>
 * <tr><td>{@code topic!=travel}</td><td>not so</td></tr>
 * <tr><td>{@code importance>=3}</td><td>also {@code >}, {@code <=}, {@code <}; numbers or texts</td></tr>
 * <tr><td>{@code title~sea}</td><td>a text that contains this, character by character; {@code |} and {@code !~} as
 * above</td></tr>
 * <tr><td>{@code question}</td><td>the key exists, with any value</td></tr>
 * <tr><td>{@code !...}</td><td>the condition does not hold</td></tr>
 * </table>
 *
 * <p>
 * {@link ScalarSyntax} is the syntax of values. A key that contains one of {@code =<>!~"} is put between double quotes.
 */
final class FilterSyntax {

  private static final String SIGNS = "=<>!~";

  private FilterSyntax() {}

  /**
   * Reads conditions that must all hold.
   *
   * @return null if there are none
   * @throws InvalidInputException if one cannot be read
   */
  static @Nullable Filter parse(List<String> conditions) {
    List<Filter> filters = conditions.stream().map(FilterSyntax::parse).toList();
    return filters.isEmpty() ? null : filters.size() == 1 ? filters.get(0) : new Filter.And(filters);
  }

  static Filter parse(String condition) {
    String text = condition.strip();
    if (text.startsWith("!")) {
      String rest = text.substring(1).strip();
      if (rest.isEmpty() || rest.startsWith("!")) {
        throw new InvalidInputException("a condition is missing after the ! in: " + ScalarSyntax.shown(condition));
      }
      return Filter.not(positive(rest, condition));
    }
    return positive(text, condition);
  }

  private static Filter positive(String text, String whole) {
    String key;
    int position;
    if (text.startsWith("\"")) {
      StringBuilder quoted = new StringBuilder();
      position = ScalarSyntax.readQuoted(text, 0, quoted, whole);
      key = quoted.toString();
    } else {
      position = 0;
      while (position < text.length() && SIGNS.indexOf(text.charAt(position)) < 0) {
        position++;
      }
      key = text.substring(0, position).strip();
    }
    if (key.isEmpty()) {
      throw new InvalidInputException(
          "a condition begins with a key, as in topic=travel, and this does not: \"" + ScalarSyntax.shown(whole)
              + "\"");
    }
    String rest = text.substring(position).strip();
    if (rest.isEmpty()) {
      return Filter.exists(key);
    }
    String operator = operator(rest, whole);
    if (operator.equals("~")) {
      return contains(key, rest.substring(operator.length()), whole);
    }
    if (operator.equals("!~")) {
      return Filter.not(contains(key, rest.substring(operator.length()), whole));
    }
    List<Object> values = ScalarSyntax.values(rest.substring(operator.length()), whole);
    if (operator.equals("=")) {
      return equal(key, values);
    }
    if (operator.equals("!=")) {
      return Filter.not(equal(key, values));
    }
    if (values.size() > 1) {
      throw new InvalidInputException(
          operator + " takes one value, and there are several in: " + ScalarSyntax.shown(whole));
    }
    Object bound = values.get(0);
    return switch (operator) {
      case ">=" -> Filter.atLeast(key, bound);
      case ">" -> Filter.greaterThan(key, bound);
      case "<=" -> Filter.atMost(key, bound);
      default -> Filter.lessThan(key, bound);
    };
  }

  private static Filter equal(String key, List<Object> values) {
    return values.size() == 1 ? Filter.equal(key, values.get(0)) : new Filter.In(key, values);
  }

  private static Filter contains(String key, String parts, String whole) {
    List<Filter> filters = ScalarSyntax.texts(parts, whole).stream().map(part -> Filter.contains(key, part)).toList();
    return filters.size() == 1 ? filters.get(0) : new Filter.Or(filters);
  }

  private static String operator(String text, String whole) {
    for (String operator : List.of(">=", "<=", "!=", "!~", ">", "<", "=", "~")) {
      if (text.startsWith(operator)) {
        String rest = text.substring(operator.length()).strip();
        if (!rest.isEmpty() && SIGNS.indexOf(rest.charAt(0)) >= 0) {
          break;
        }
        return operator;
      }
    }
    throw new InvalidInputException("this condition can't be read: " + ScalarSyntax.shown(whole)
        + " (write key=value, key!=value, key>=value, key<=value, key>value, key<value, key~text, key!~text, key or !key; "
        + "a value that begins "
        + "with one of these signs goes between double quotes)");
  }
}
