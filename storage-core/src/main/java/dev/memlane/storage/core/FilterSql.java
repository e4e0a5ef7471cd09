package dev.memlane.storage.core;

import dev.memlane.model.Filter;
import dev.memlane.storage.postgres.MetadataJson;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/**
 * A filter as an SQL condition on the columns {@code m.metadata} and {@code m.occurred_at}. It means what
 * {@link Filter#matches} means: true or false, never null. Keys and values are bound, never part of the text.
 */
final class FilterSql {

  private final List<Object> values = new ArrayList<>();
  private final String condition;

  private FilterSql(Filter filter) {
    this.condition = condition(filter);
  }

  static FilterSql of(Filter filter) {
    return new FilterSql(filter);
  }

  String condition() {
    return condition;
  }

  void bind(SqlStatement<?> statement) {
    for (int i = 0; i < values.size(); i++) {
      Object value = values.get(i);
      if (value instanceof String[] texts) {
        statement.bindArray("filter" + i, String.class, (Object[]) texts);
      } else {
        statement.bind("filter" + i, value);
      }
    }
  }

  private String condition(Filter filter) {
    return switch (filter) {
      // A JSON array contains a scalar that is one of its elements, and a scalar contains itself.
      case Filter.Equal equal -> "coalesce(m.metadata -> " + text(equal.key()) + " @> "
          + text(MetadataJson.writeValue(equal.value())) + "::jsonb, false)";
      case Filter.In in -> "coalesce(m.metadata -> " + text(in.key()) + " @> any("
          + parameter(in.values().stream().map(MetadataJson::writeValue).toArray(String[]::new)) + "::jsonb[]), false)";
      case Filter.Range range -> range(range);
      // A function of bytes, and not a pattern: no character of the text has a special meaning.
      case Filter.Contains contains -> anyElement(contains.key(), "string",
          "strpos((e #>> '{}') collate \"C\", " + text(contains.text()) + ") > 0");
      case Filter.Exists exists -> "jsonb_exists(m.metadata, " + text(exists.key()) + ")";
      case Filter.Occurred occurred -> "coalesce(" + bound("m.occurred_at", ">=", occurred.from()) + " and "
          + bound("m.occurred_at", "<", occurred.to()) + ", false)";
      case Filter.And and -> join(and.filters(), " and ", "true");
      case Filter.Or or -> join(or.filters(), " or ", "false");
      case Filter.Not not -> "not " + condition(not.filter());
    };
  }

  private String join(List<Filter> filters, String operator, String ofNothing) {
    return filters.isEmpty()
        ? ofNothing
        : filters.stream().map(this::condition).collect(Collectors.joining(operator, "(", ")"));
  }

  private String range(Filter.Range range) {
    String element = range.isText() ? "(e #>> '{}') collate \"C\"" : "e::float8";
    return anyElement(range.key(), range.isText() ? "string" : "number",
        bound(element, range.fromIncluded() ? ">=" : ">", range.from()) + " and "
            + bound(element, range.toIncluded() ? "<=" : "<", range.to()));
  }

  /**
   * The condition that the key's value, or an element of it, has this JSON type and meets a condition.
   *
   * @param condition on the element, which is named e
   */
  private String anyElement(String elementKey, String type, String condition) {
    String key = text(elementKey);
    // The case fixes the order of evaluation, because a text must never be cast to a number.
    return "exists (select 1 from jsonb_array_elements(case jsonb_typeof(m.metadata -> " + key
        + ") when 'array' then m.metadata -> " + key + " else jsonb_build_array(m.metadata -> " + key
        + ") end) as elements(e) where case when jsonb_typeof(e) = '" + type + "' then " + condition
        + " else false end)";
  }

  private String bound(String element, String comparison, @Nullable Object bound) {
    if (bound == null) {
      return "true";
    }
    return element + " " + comparison + " "
        + (bound instanceof Number number ? parameter(number.doubleValue()) : parameter(bound));
  }

  private String text(String value) {
    return parameter(value) + "::text";
  }

  private String parameter(Object value) {
    values.add(value);
    return ":filter" + (values.size() - 1);
  }
}
