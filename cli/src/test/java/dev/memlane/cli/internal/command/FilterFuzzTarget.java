package dev.memlane.cli.internal.command;

import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.testing.fuzz.FuzzTarget;
import dev.memlane.testing.fuzz.Refusals;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The syntax of conditions on the command line: each line of an input is one condition. */
public final class FilterFuzzTarget implements FuzzTarget {

  @Override
  public String name() {
    return "filter";
  }

  @Override
  public List<byte[]> seeds() {
    return Stream.of("topic=travel", " topic = two words ", "!topic=travel", "topic!=travel", "tags=sea|hills",
        "importance>=3\nimportance<4", "importance<=2.5", "name>m", "title~sea", "title!~\"two words\"|b",
        "question\n!question", "a=\"x|\\\"y\\\\\" | z",
        "\"a=b\">=1", "a=1e3|-7|true|007|\"42\"|\"\"", "a=99999999999999999999", "a=1e999", "a==b", "!!a", "a=\"open",
        "a=caf\u00E9|\uD83D\uDE00").map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
  }

  @Override
  public List<String> words() {
    return List.of("~", "!~", "=", "!=", ">=", "<=", "<", ">", "!", "|", "\"", "\\", " ", "\t", "\0", "true", "false",
        "null", "NaN", "\u00A0", "\u2028", "\uD83D\uDE00");
  }

  @Override
  public void check(byte[] input) {
    List<String> conditions = new String(input, StandardCharsets.UTF_8).lines().toList();
    try {
      Filter filter = FilterSyntax.parse(conditions);
      if (filter != null) {
        requireSame(filter, Objects.requireNonNull(FilterSyntax.parse(written(filter))));
      }
    } catch (InvalidInputException e) {
      Refusals.requirePlain(e.getMessage(), input);
    }
  }

  private static void requireSame(Object parsed, Object again) {
    if (!parsed.equals(again)) {
      throw new AssertionError(parsed + " reads back as " + again);
    }
  }

  private static List<String> written(Filter filter) {
    return filter instanceof Filter.And(List<Filter> all)
        ? all.stream().map(FilterFuzzTarget::condition).toList()
        : List.of(condition(filter));
  }

  private static String condition(Filter filter) {
    return switch (filter) {
      case Filter.Not(Filter negated) -> "!" + condition(negated);
      case Filter.Equal(String key, Object value) -> quoted(key) + "=" + value(value);
      case Filter.In(String key, List<Object> values) ->
        quoted(key) + "=" + values.stream().map(FilterFuzzTarget::value).collect(Collectors.joining("|"));
      case Filter.Range range when range.from() != null ->
        quoted(range.key()) + (range.fromIncluded() ? ">=" : ">") + value(range.from());
      case Filter.Range range ->
        quoted(range.key()) + (range.toIncluded() ? "<=" : "<") + value(Objects.requireNonNull(range.to()));
      case Filter.Contains(String key, String text) -> quoted(key) + "~" + quoted(text);
      case Filter.Or(List<Filter> any) -> {
        List<Filter.Contains> all = any.stream().map(Filter.Contains.class::cast).toList();
        yield quoted(all.getFirst().key()) + "~"
            + all.stream().map(each -> quoted(each.text())).collect(Collectors.joining("|"));
      }
      case Filter.Exists(String key) -> quoted(key);
      default -> throw new AssertionError("the syntax has no " + filter);
    };
  }

  /** As it is displayed, which must read back too; or in quotes where a condition needs them. */
  private static String value(Object value) {
    requireSame(List.of(value), ScalarSyntax.values(ScalarSyntax.written(value), "a value"));
    return value instanceof String text ? quoted(text) : ScalarSyntax.written(value);
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }
}
