package dev.memlane.storage.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.Filter;
import dev.memlane.model.Scope;
import dev.memlane.storage.vector.DocumentValues;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Scopes and filters as the cluster's queries, which match exactly what {@link Scope#matches} and {@link Filter#matches}
 * do.
 *
 * <p>
 * A cluster refuses queries with more than 1,024 conditions, or deeper than 20, and its queries for patterns refuse long
 * texts. So conditions on equal values are joined into lists, which count as one; and what is too large or too long
 * nevertheless is evaluated by a script. The script is always the same, with the filter as its parameter, so the cluster
 * compiles it once.
 */
final class FilterJson {

  /** The most conditions, apart from a script; well below the cluster's limit, because words and scopes need some too. */
  private static final int MOST_CONDITIONS = 256;
  /** How deep conditions may be nested; well below the cluster's limit, because the search around them is nested too. */
  private static final int DEEPEST = 8;
  /** The longest text in a query for a pattern or a range. Lucene builds an automaton with a state for each byte. */
  private static final int LONGEST_TEXT = 256;

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private static final String SCRIPT = """
      int order(String a, String b) {
        int least = a.length() < b.length() ? a.length() : b.length();
        for (int i = 0; i < least; ++i) {
          int x = a.charAt(i);
          int y = b.charAt(i);
          if (x != y) {
            if (x >= 0xD800 && y >= 0xD800) {
              x = x >= 0xE000 ? x - 0x800 : x + 0x2000;
              y = y >= 0xE000 ? y - 0x800 : y + 0x2000;
            }
            return x - y;
          }
        }
        return a.length() - b.length();
      }
      boolean holds(Map filter, def terms, def times) {
        String is = filter.is;
        if (is.equals('any')) {
          for (def term : filter.terms) { if (terms.contains(term)) { return true; } }
          return false;
        }
        if (is.equals('range')) {
          for (String term : terms) {
            int low = order(term, filter.from);
            int high = order(term, filter.to);
            if ((low > 0 || low == 0 && filter.from_included) && (high < 0 || high == 0 && filter.to_included)) {
              return true;
            }
          }
          return false;
        }
        if (is.equals('contains')) {
          String prefix = filter.prefix;
          String part = filter.part;
          for (String term : terms) {
            if (term.startsWith(prefix) && term.indexOf(part, prefix.length()) >= 0) { return true; }
          }
          return false;
        }
        if (is.equals('occurred')) {
          if (times.size() == 0) { return false; }
          long time = times.get(0);
          return time >= Long.parseLong(filter.from) && time < Long.parseLong(filter.to);
        }
        if (is.equals('and')) {
          for (Map each : filter.filters) { if (!holds(each, terms, times)) { return false; } }
          return true;
        }
        if (is.equals('or')) {
          for (Map each : filter.filters) { if (holds(each, terms, times)) { return true; } }
          return false;
        }
        return !holds(filter.filter, terms, times);
      }
      return holds(params.filter, doc['metadata'], doc['occurred']);
      """;

  private FilterJson() {}

  /** The conditions that a document must fulfil; empty if all documents do. */
  static ArrayNode of(List<Scope> scopes, @Nullable Filter filter) {
    ArrayNode conditions = JSON.arrayNode();
    if (!scopes.isEmpty()) {
      Set<String> keys = new LinkedHashSet<>();
      scopes.forEach(scope -> keys.add(key(scope)));
      conditions.add(terms(Fields.SCOPES, keys));
    }
    if (filter != null) {
      conditions.add(of(filter));
    }
    return conditions;
  }

  /** The keys of all scopes that match a memory's. */
  static Set<String> matching(Scope scope) {
    Set<String> keys = new LinkedHashSet<>();
    for (int kept = 1; kept < 8; kept++) {
      String user = (kept & 1) == 0 ? null : scope.user();
      String agent = (kept & 2) == 0 ? null : scope.agent();
      String run = (kept & 4) == 0 ? null : scope.run();
      if (user != null || agent != null || run != null) {
        keys.add(key(new Scope(user, agent, run)));
      }
    }
    return keys;
  }

  /** A scope as a keyword. No name can contain NUL. */
  static String key(Scope scope) {
    return part('u', scope.user()) + part('a', scope.agent()) + part('r', scope.run());
  }

  private static String part(char kind, @Nullable String name) {
    return name == null ? "" : kind + name + '\0';
  }

  /** A query for documents with any of these values. */
  static ObjectNode terms(String field, Iterable<String> values) {
    ObjectNode query = JSON.objectNode();
    ArrayNode terms = query.putObject("terms").putArray(field);
    values.forEach(terms::add);
    return query;
  }

  static ObjectNode term(String field, String value) {
    ObjectNode query = JSON.objectNode();
    query.putObject("term").put(field, value);
    return query;
  }

  private static JsonNode of(Filter filter) {
    int[] conditions = {0};
    JsonNode query = query(filter, conditions, 0);
    return conditions[0] > MOST_CONDITIONS ? script(filter) : query;
  }

  /**
   * Translates a filter.
   *
   * @param conditions counts the conditions
   */
  private static JsonNode query(Filter filter, int[] conditions, int depth) {
    conditions[0]++;
    Set<String> equal = equal(filter);
    if (equal != null) {
      return equal.isEmpty() ? nothing() : terms(Fields.METADATA, equal);
    }
    return switch (filter) {
      case Filter.Range range -> isLong(range.from()) || isLong(range.to()) ? script(filter) : between(range);
      case Filter.Contains contains -> contains.text().length() > LONGEST_TEXT ? script(filter) : containing(contains);
      case Filter.Occurred occurred -> occurred(occurred);
      case Filter.And and -> depth == DEEPEST ? script(filter) : all(and.filters(), conditions, depth);
      case Filter.Or or -> depth == DEEPEST ? script(filter) : any(or.filters(), conditions, depth);
      case Filter.Not not -> {
        if (depth == DEEPEST) {
          yield script(filter);
        }
        ObjectNode query = JSON.objectNode();
        query.putObject("bool").set("must_not", query(not.filter(), conditions, depth + 1));
        yield query;
      }
      default -> throw new IllegalArgumentException("a filter of an unknown kind");
    };
  }

  /** The values of which any must be there, if that is what the filter asks for; null if it is not. */
  private static @Nullable Set<String> equal(Filter filter) {
    return switch (filter) {
      case Filter.Equal equal -> Set.of(MetadataKeywords.value(equal.key(), equal.value()));
      case Filter.Exists exists -> Set.of(MetadataKeywords.exists(exists.key()));
      case Filter.In in -> {
        Set<String> values = new LinkedHashSet<>();
        in.values().forEach(value -> values.add(MetadataKeywords.value(in.key(), value)));
        yield values;
      }
      case Filter.Or or when or.filters().isEmpty() -> Set.of();
      default -> null;
    };
  }

  /** Filters of which any must hold, with all that ask for values joined into one. */
  private static List<Filter> joined(List<Filter> filters, Set<String> values) {
    List<Filter> others = new ArrayList<>();
    for (Filter filter : filters) {
      Set<String> equal = equal(filter);
      if (equal == null) {
        others.add(filter);
      } else {
        values.addAll(equal);
      }
    }
    return others;
  }

  private static JsonNode any(List<Filter> filters, int[] conditions, int depth) {
    ObjectNode query = JSON.objectNode();
    ObjectNode bool = query.putObject("bool");
    ArrayNode should = bool.putArray("should");
    addAny(should, filters, conditions, depth);
    bool.put("minimum_should_match", 1);
    return should.isEmpty() ? nothing() : query;
  }

  private static void addAny(ArrayNode queries, List<Filter> filters, int[] conditions, int depth) {
    Set<String> values = new LinkedHashSet<>();
    for (Filter other : joined(filters, values)) {
      queries.add(query(other, conditions, depth + 1));
    }
    if (!values.isEmpty()) {
      queries.add(terms(Fields.METADATA, values));
    }
  }

  private static JsonNode all(List<Filter> filters, int[] conditions, int depth) {
    if (filters.isEmpty()) {
      return everything();
    }
    ObjectNode query = JSON.objectNode();
    ObjectNode bool = query.putObject("bool");
    ArrayNode all = bool.putArray("filter");
    List<Filter> none = new ArrayList<>();
    for (Filter filter : filters) {
      if (filter instanceof Filter.Not not) {
        none.add(not.filter());
      } else {
        all.add(query(filter, conditions, depth + 1));
      }
    }
    if (all.isEmpty()) {
      all.add(everything());
    }
    addAny(bool.putArray("must_not"), none, conditions, depth);
    return query;
  }

  private static boolean isLong(@Nullable Object bound) {
    return bound instanceof String text && text.length() > LONGEST_TEXT;
  }

  private static JsonNode between(Filter.Range range) {
    ObjectNode query = JSON.objectNode();
    ObjectNode bounds = query.putObject("range").putObject(Fields.METADATA);
    bounds.put(fromIncluded(range) ? "gte" : "gt", from(range));
    bounds.put(toIncluded(range) ? "lte" : "lt", to(range));
    return query;
  }

  private static String from(Filter.Range range) {
    Object from = range.from();
    return from == null
        ? MetadataKeywords.lowest(range.key(), range.isText())
        : MetadataKeywords.value(range.key(), from);
  }

  private static boolean fromIncluded(Filter.Range range) {
    return range.from() == null || range.fromIncluded();
  }

  private static String to(Filter.Range range) {
    Object to = range.to();
    return to == null
        ? MetadataKeywords.beyond(range.key(), range.isText())
        : MetadataKeywords.value(range.key(), to);
  }

  private static boolean toIncluded(Filter.Range range) {
    return range.to() != null && range.toIncluded();
  }

  private static JsonNode containing(Filter.Contains contains) {
    ObjectNode query = JSON.objectNode();
    query.putObject("wildcard").putObject(Fields.METADATA)
        .put("value", literal(MetadataKeywords.lowest(contains.key(), true)) + '*' + literal(contains.text()) + '*');
    return query;
  }

  /** A text in a pattern, in which no character has a special meaning. */
  private static String literal(String text) {
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?");
  }

  private static JsonNode occurred(Filter.Occurred occurred) {
    ObjectNode query = JSON.objectNode();
    ObjectNode bounds = query.putObject("range").putObject(Fields.OCCURRED);
    if (occurred.from() != null) {
      bounds.put("gte", DocumentValues.micros(occurred.from()));
    }
    if (occurred.to() != null) {
      bounds.put("lt", DocumentValues.micros(occurred.to()));
    }
    return query;
  }

  private static JsonNode script(Filter filter) {
    ObjectNode query = JSON.objectNode();
    ObjectNode script = query.putObject("script").putObject("script");
    script.put("lang", "painless").put("source", SCRIPT);
    script.putObject("params").set("filter", parameter(filter));
    return query;
  }

  private static ObjectNode parameter(Filter filter) {
    ObjectNode parameter = JSON.objectNode();
    Set<String> equal = equal(filter);
    if (equal != null) {
      ArrayNode terms = parameter.put("is", "any").putArray("terms");
      equal.forEach(terms::add);
      return parameter;
    }
    return switch (filter) {
      case Filter.Range range -> parameter.put("is", "range").put("from", from(range))
          .put("from_included", fromIncluded(range)).put("to", to(range)).put("to_included", toIncluded(range));
      case Filter.Contains contains -> parameter.put("is", "contains")
          .put("prefix", MetadataKeywords.lowest(contains.key(), true)).put("part", contains.text());
      case Filter.Occurred occurred -> parameter.put("is", "occurred")
          .put("from", Long.toString(occurred.from() == null ? Long.MIN_VALUE : DocumentValues.micros(occurred.from())))
          .put("to", Long.toString(occurred.to() == null ? Long.MAX_VALUE : DocumentValues.micros(occurred.to())));
      case Filter.And and -> parameters(parameter.put("is", "and"), and.filters());
      case Filter.Or or -> parameters(parameter.put("is", "or"), or.filters());
      case Filter.Not not -> parameter.put("is", "not").set("filter", parameter(not.filter()));
      default -> throw new IllegalArgumentException("a filter of an unknown kind");
    };
  }

  private static ObjectNode parameters(ObjectNode parameter, List<Filter> filters) {
    ArrayNode all = parameter.putArray("filters");
    filters.forEach(filter -> all.add(parameter(filter)));
    return parameter;
  }

  static JsonNode everything() {
    ObjectNode query = JSON.objectNode();
    query.putObject("match_all");
    return query;
  }

  private static JsonNode nothing() {
    ObjectNode query = JSON.objectNode();
    query.putObject("match_none");
    return query;
  }
}
