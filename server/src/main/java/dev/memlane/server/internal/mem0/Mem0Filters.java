package dev.memlane.server.internal.mem0;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeParser;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Translates filters of mem0, in which scopes and conditions on metadata are mixed, into scopes and one filter.
 *
 * <p>
 * A filter is brought into alternatives, each of a scope and conditions. That works for everything that names scopes in
 * conjunctions and in alternatives of their own; a filter that would need other conditions in each of several scopes is
 * refused.
 */
final class Mem0Filters {

  private static final int MOST_ALTERNATIVES = 1_000;
  private static final String ANY = "*";

  /** mem0's names of what a scope names. */
  private static final Map<String, Part> PARTS = Map.of("user_id", Part.USER, "agent_id", Part.AGENT, "run_id",
      Part.RUN);

  private enum Part {
    USER, AGENT, RUN
  }

  /**
   * Where to look, and for what.
   *
   * @param scopes empty if the filter names none
   */
  record Translation(List<Scope> scopes, @Nullable Filter filter) {}

  /** One alternative: what it says about the scope, and its other conditions, all of which hold. */
  private record Alternative(Map<Part, String> scope, List<Filter> filters) {

    static final Alternative ALWAYS = new Alternative(Map.of(), List.of());

    /** Both hold; null if they contradict each other. */
    @Nullable
    Alternative and(Alternative other) {
      Map<Part, String> both = new LinkedHashMap<>(scope);
      for (Map.Entry<Part, String> part : other.scope.entrySet()) {
        String present = both.putIfAbsent(part.getKey(), part.getValue());
        if (present != null && !present.equals(part.getValue())) {
          return null;
        }
      }
      List<Filter> all = new ArrayList<>(filters);
      all.addAll(other.filters);
      return new Alternative(both, all);
    }

    @Nullable
    Scope named() {
      return scope.isEmpty() ? null : new Scope(scope.get(Part.USER), scope.get(Part.AGENT), scope.get(Part.RUN));
    }

    Filter filter() {
      return filters.size() == 1 ? filters.getFirst() : new Filter.And(filters);
    }
  }

  private Mem0Filters() {}

  /**
   * Translates filters.
   *
   * @param filters null for none
   * @throws InvalidInputException if one is unknown, or they can't be expressed
   */
  static Translation translate(@Nullable JsonNode filters) {
    if (filters == null || filters.isNull()) {
      return new Translation(List.of(), null);
    }
    Map<@Nullable Scope, List<Filter>> byScope = new LinkedHashMap<>();
    for (Alternative alternative : alternatives(filters)) {
      byScope.computeIfAbsent(alternative.named(), scope -> new ArrayList<>()).add(alternative.filter());
    }
    if (byScope.isEmpty()) {
      throw new InvalidInputException("the filters contradict each other; nothing could match");
    }
    List<Filter> each = byScope.values().stream().map(all -> all.size() == 1 ? all.getFirst() : new Filter.Or(all))
        .distinct().toList();
    if (byScope.containsKey(null) ? byScope.size() > 1 : each.size() > 1) {
      throw new InvalidInputException(
          "the filters set other conditions for each of several users, agents or runs; send "
              + "a request for each of them");
    }
    Filter filter = each.getFirst();
    return new Translation(byScope.keySet().stream().filter(Objects::nonNull).map(Objects::requireNonNull).toList(),
        filter.equals(new Filter.And(List.of())) ? null : filter);
  }

  private static List<Alternative> alternatives(JsonNode node) {
    if (!node.isObject()) {
      throw new InvalidInputException("filters must be objects, such as {\"user_id\": \"ada\"}");
    }
    List<Alternative> all = List.of(Alternative.ALWAYS);
    for (Map.Entry<String, JsonNode> condition : node.properties()) {
      all = both(all, condition(condition.getKey(), condition.getValue()));
    }
    return all;
  }

  private static List<Alternative> both(List<Alternative> some, List<Alternative> others) {
    List<Alternative> all = new ArrayList<>();
    for (Alternative one : some) {
      for (Alternative other : others) {
        Alternative both = one.and(other);
        if (both != null) {
          all.add(both);
        }
      }
    }
    return bounded(all);
  }

  private static List<Alternative> bounded(List<Alternative> all) {
    if (all.size() > MOST_ALTERNATIVES) {
      throw new InvalidInputException("the filters have more than " + MOST_ALTERNATIVES + " alternatives; send less");
    }
    return all;
  }

  private static List<Alternative> condition(String name, JsonNode value) {
    return switch (name) {
      case "AND" -> {
        List<Alternative> all = List.of(Alternative.ALWAYS);
        for (JsonNode part : list(name, value)) {
          all = both(all, alternatives(part));
        }
        yield all;
      }
      case "OR" -> {
        List<Alternative> all = new ArrayList<>();
        for (JsonNode part : list(name, value)) {
          all.addAll(alternatives(part));
          bounded(all);
        }
        yield all;
      }
      case "NOT" -> {
        List<Alternative> negated = new ArrayList<>();
        for (JsonNode part : value.isArray() ? list(name, value) : List.of(value)) {
          negated.addAll(alternatives(part));
        }
        if (negated.stream().anyMatch(one -> !one.scope.isEmpty())) {
          throw new InvalidInputException("NOT can't hold for a user, an agent or a run; name those to look in");
        }
        yield List.of(only(new Filter.Not(new Filter.Or(negated.stream().map(Alternative::filter).toList()))));
      }
      case "metadata" -> {
        List<Alternative> all = List.of(Alternative.ALWAYS);
        for (Map.Entry<String, JsonNode> each : properties(name, value)) {
          all = both(all, List.of(only(onMetadata(each.getKey(), each.getValue()))));
        }
        yield all;
      }
      case "created_at", "updated_at", "timestamp" -> List.of(only(period(name, value)));
      default -> {
        Part part = PARTS.get(name);
        yield part == null ? List.of(only(onMetadata(name, value))) : scopes(name, part, value);
      }
    };
  }

  private static Alternative only(Filter filter) {
    return new Alternative(Map.of(), List.of(filter));
  }

  private static Iterable<JsonNode> list(String name, JsonNode value) {
    if (!value.isArray() || value.isEmpty()) {
      throw new InvalidInputException(name + " must be a list of filters");
    }
    return value;
  }

  private static Iterable<Map.Entry<String, JsonNode>> properties(String name, JsonNode value) {
    if (!value.isObject()) {
      throw new InvalidInputException(name + " must be an object");
    }
    return value.properties();
  }

  private static List<Alternative> scopes(String name, Part part, JsonNode value) {
    if (value.isTextual()) {
      return value.textValue().equals(ANY)
          ? List.of(Alternative.ALWAYS)
          : List.of(new Alternative(Map.of(part, value.textValue()), List.of()));
    }
    if (value.isObject() && value.size() == 1 && (value.has("in") || value.has("eq"))) {
      List<Alternative> all = new ArrayList<>();
      for (JsonNode one : value.has("in") ? list(name, value.get("in")) : List.of(value.get("eq"))) {
        if (!one.isTextual()) {
          throw new InvalidInputException(name + " must name texts");
        }
        all.add(new Alternative(Map.of(part, one.textValue()), List.of()));
      }
      return bounded(all);
    }
    throw new InvalidInputException(name + " must be a text, \"*\", {\"eq\": text} or {\"in\": [texts]}");
  }

  private static Filter period(String name, JsonNode value) {
    Instant from = null;
    Instant to = null;
    for (Map.Entry<String, JsonNode> bound : properties(name, value)) {
      if (!bound.getValue().isTextual()) {
        throw new InvalidInputException(name + " must have days or moments as texts");
      }
      Instant time = TimeParser.standard().parse(name, bound.getValue().textValue());
      switch (bound.getKey()) {
        case "gte" -> from = time;
        case "gt" -> from = time.plusNanos(1_000);
        case "lt" -> to = time;
        case "lte" -> to = time.plusNanos(1_000);
        default -> throw unknown(name, bound.getKey());
      }
    }
    return new Filter.Occurred(from, to);
  }

  private static Filter onMetadata(String key, JsonNode value) {
    if (value.isObject()) {
      List<Filter> all = new ArrayList<>();
      value.properties().forEach(operator -> all.add(operator(key, operator.getKey(), operator.getValue())));
      if (all.isEmpty()) {
        throw new InvalidInputException("the filter on " + key + " has no operator");
      }
      return all.size() == 1 ? all.getFirst() : new Filter.And(all);
    }
    if (value.isTextual() && value.textValue().equals(ANY)) {
      return Filter.exists(key);
    }
    return value.isArray() ? operator(key, "in", value) : Filter.equal(key, Mem0Json.scalar(key, value));
  }

  private static Filter operator(String key, String operator, JsonNode value) {
    return switch (operator) {
      case "eq" -> Filter.equal(key, Mem0Json.scalar(key, value));
      case "ne" -> Filter.not(Filter.equal(key, Mem0Json.scalar(key, value)));
      case "gt" -> Filter.greaterThan(key, Mem0Json.scalar(key, value));
      case "gte" -> Filter.atLeast(key, Mem0Json.scalar(key, value));
      case "lt" -> Filter.lessThan(key, Mem0Json.scalar(key, value));
      case "lte" -> Filter.atMost(key, Mem0Json.scalar(key, value));
      case "in" -> new Filter.In(key, scalars(key, value));
      case "nin" -> Filter.not(new Filter.In(key, scalars(key, value)));
      case "contains" -> Filter.contains(key, text(key, value));
      case "icontains" -> throw new InvalidInputException("the operator icontains is not supported: texts are compared "
          + "character by character; send contains");
      default -> throw unknown(key, operator);
    };
  }

  private static List<Object> scalars(String key, JsonNode list) {
    List<Object> values = new ArrayList<>();
    list(key, list).forEach(value -> values.add(Mem0Json.scalar(key, value)));
    return values;
  }

  private static String text(String key, JsonNode value) {
    if (!value.isTextual()) {
      throw new InvalidInputException("contains needs a text, for " + key);
    }
    return value.textValue();
  }

  private static InvalidInputException unknown(String key, String operator) {
    return new InvalidInputException("the filter on " + key + " has the operator " + operator
        + ", and there are eq, ne, gt, gte, lt, lte, in, nin, contains");
  }
}
