package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A condition on a memory's metadata or on the time of its event, with the same meaning in SQL, in the vector index and
 * in {@link #matches}.
 *
 * <p>
 * Logic has two values: a condition on a key that is absent, or whose value has another type, does not hold, and
 * {@code not} of it holds. A list matches if one of its elements does. Texts are compared by code point (not by
 * language), numbers by value, and a text never equals a number.
 *
 * <p>
 * Numbers are compared as {@code double}; {@link Metadata} says why that loses nothing.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "is")
@JsonSubTypes({@JsonSubTypes.Type(value = Filter.Equal.class, name = "equal"),
    @JsonSubTypes.Type(value = Filter.In.class, name = "in"),
    @JsonSubTypes.Type(value = Filter.Range.class, name = "range"),
    @JsonSubTypes.Type(value = Filter.Contains.class, name = "contains"),
    @JsonSubTypes.Type(value = Filter.Exists.class, name = "exists"),
    @JsonSubTypes.Type(value = Filter.Occurred.class, name = "occurred"),
    @JsonSubTypes.Type(value = Filter.And.class, name = "and"),
    @JsonSubTypes.Type(value = Filter.Or.class, name = "or"),
    @JsonSubTypes.Type(value = Filter.Not.class, name = "not")})
public sealed interface Filter {

  /** How deep filters may be nested. */
  int DEEPEST = 32;
  /** The most values of {@link #in}. */
  int MOST_VALUES = 1_000;

  /**
   * Whether a memory with this metadata and time passes.
   *
   * @param occurredAt as {@link Memory#occurredAt}
   */
  boolean matches(Metadata metadata, @Nullable Instant occurredAt);

  /** Whether this memory passes. */
  default boolean matches(Memory memory) {
    return matches(memory.metadata(), memory.occurredAt());
  }

  /** Holds if the key's value, or an element of it, is this one. */
  record Equal(String key, Object value) implements Filter {
    public Equal {
      requireKey(key);
      value = Metadata.checkedScalar(key, value);
    }

    @Override
    public boolean matches(Metadata metadata, @Nullable Instant occurredAt) {
      return any(metadata.get(key), element -> same(element, value));
    }
  }

  /** Holds if the key's value, or an element of it, is one of these. */
  record In(String key, List<Object> values) implements Filter {
    public In {
      requireKey(key);
      if (values.size() > MOST_VALUES) {
        throw new InvalidInputException("a filter lists " + values.size() + " values; the limit is " + MOST_VALUES);
      }
      List<Object> checked = new ArrayList<>(values.size());
      for (Object value : values) {
        checked.add(Metadata.checkedScalar(key, value));
      }
      values = List.copyOf(checked);
    }

    @Override
    public boolean matches(Metadata metadata, @Nullable Instant occurredAt) {
      return any(metadata.get(key), element -> values.stream().anyMatch(value -> same(element, value)));
    }
  }

  /**
   * Holds if the key's value, or one element of it, lies between two bounds of its own type.
   *
   * @param from a text or a number, or null for no lower bound
   * @param to a text or a number of the same type, or null for no upper bound
   */
  record Range(String key, @Nullable Object from, boolean fromIncluded, @Nullable Object to, boolean toIncluded)
      implements
        Filter {
    public Range {
      requireKey(key);
      from = from == null ? null : Metadata.checkedScalar(key, from);
      to = to == null ? null : Metadata.checkedScalar(key, to);
      if (from == null && to == null) {
        throw new InvalidInputException("the range on \"" + key + "\" has no bound; use exists");
      }
      if (from instanceof Boolean || to instanceof Boolean
          || from != null && to != null && from instanceof String != to instanceof String) {
        throw new InvalidInputException("the range on \"" + key + "\" needs two numbers or two texts as bounds");
      }
    }

    /** Whether the bounds are texts; otherwise they are numbers. */
    @JsonIgnore
    public boolean isText() {
      return from instanceof String || to instanceof String;
    }

    @Override
    public boolean matches(Metadata metadata, @Nullable Instant occurredAt) {
      return any(metadata.get(key), element -> {
        if (element instanceof Boolean || element instanceof String != isText()) {
          return false;
        }
        int low = from == null ? 1 : compare(element, from);
        int high = to == null ? -1 : compare(element, to);
        return (low > 0 || low == 0 && fromIncluded) && (high < 0 || high == 0 && toIncluded);
      });
    }
  }

  /**
   * Holds if the key's value, or one element of it, is a text that contains this one, character by character: case and
   * Unicode forms make a difference, and no character has a special meaning.
   *
   * @param text not empty; at most {@link Metadata#LONGEST_TEXT} characters
   */
  record Contains(String key, String text) implements Filter {
    public Contains {
      requireKey(key);
      Metadata.checkedScalar(key, text);
      if (text.isEmpty()) {
        throw new InvalidInputException(
            "the text that \"" + key + "\" must contain is empty; name at least one character, or use exists");
      }
    }

    @Override
    public boolean matches(Metadata metadata, @Nullable Instant occurredAt) {
      return any(metadata.get(key), element -> element instanceof String value && value.contains(text));
    }
  }

  /** Holds if the key exists, whatever its value. */
  record Exists(String key) implements Filter {
    public Exists {
      requireKey(key);
    }

    @Override
    public boolean matches(Metadata metadata, @Nullable Instant occurredAt) {
      return metadata.get(key) != null;
    }
  }

  /**
   * Holds if the memory's event happened in this period; never if its time is not known.
   *
   * @param from the begin of the period, included, or null for no lower bound. Both bounds are rounded up to the
   * microsecond, which makes no difference because times are stored to the microsecond
   * @param to the end of the period, excluded, or null for no upper bound
   */
  record Occurred(@JsonFormat(shape = JsonFormat.Shape.STRING) @Nullable Instant from,
      @JsonFormat(shape = JsonFormat.Shape.STRING) @Nullable Instant to) implements Filter {
    public Occurred {
      if (from == null && to == null) {
        throw new InvalidInputException("the time range has no bound; name its begin, its end, or both");
      }
      from = roundedUp(from);
      to = roundedUp(to);
      if (from != null && to != null && to.isBefore(from)) {
        throw new InvalidInputException("the time range begins at " + from + " and ends before that, at " + to);
      }
    }

    @Override
    public boolean matches(Metadata metadata, @Nullable Instant occurredAt) {
      return occurredAt != null && (from == null || !occurredAt.isBefore(from))
          && (to == null || occurredAt.isBefore(to));
    }

    private static @Nullable Instant roundedUp(@Nullable Instant bound) {
      Instant storable = NewMemory.storable("a bound of the time range", bound);
      return storable == null || storable.equals(bound) ? storable : storable.plus(1, ChronoUnit.MICROS);
    }
  }

  /** Holds if all of these hold; always, if there are none. */
  record And(List<Filter> filters) implements Filter {
    public And {
      filters = List.copyOf(filters);
      requireDepth(filters);
    }

    @Override
    public boolean matches(Metadata metadata, @Nullable Instant occurredAt) {
      return filters.stream().allMatch(filter -> filter.matches(metadata, occurredAt));
    }
  }

  /** Holds if one of these holds; never, if there are none. */
  record Or(List<Filter> filters) implements Filter {
    public Or {
      filters = List.copyOf(filters);
      requireDepth(filters);
    }

    @Override
    public boolean matches(Metadata metadata, @Nullable Instant occurredAt) {
      return filters.stream().anyMatch(filter -> filter.matches(metadata, occurredAt));
    }
  }

  /** Holds if the other doesn't. */
  record Not(Filter filter) implements Filter {
    public Not {
      Objects.requireNonNull(filter, "filter");
      requireDepth(List.of(filter));
    }

    @Override
    public boolean matches(Metadata metadata, @Nullable Instant occurredAt) {
      return !filter.matches(metadata, occurredAt);
    }
  }

  static Filter equal(String key, Object value) {
    return new Equal(key, value);
  }

  static Filter in(String key, Object... values) {
    return new In(key, List.of(values));
  }

  static Filter atLeast(String key, Object from) {
    return new Range(key, from, true, null, false);
  }

  static Filter greaterThan(String key, Object from) {
    return new Range(key, from, false, null, false);
  }

  static Filter atMost(String key, Object to) {
    return new Range(key, null, false, to, true);
  }

  static Filter lessThan(String key, Object to) {
    return new Range(key, null, false, to, false);
  }

  /** Both bounds included. */
  static Filter between(String key, Object from, Object to) {
    return new Range(key, from, true, to, true);
  }

  /** Holds if a text under the key contains this one, character by character. */
  static Filter contains(String key, String text) {
    return new Contains(key, text);
  }

  static Filter exists(String key) {
    return new Exists(key);
  }

  /** Holds for events at this time or later. */
  static Filter occurredFrom(Instant from) {
    return new Occurred(from, null);
  }

  /** Holds for events before this time. */
  static Filter occurredBefore(Instant to) {
    return new Occurred(null, to);
  }

  /** Holds for events at {@code from} or later, and before {@code to}. */
  static Filter occurredBetween(Instant from, Instant to) {
    return new Occurred(from, to);
  }

  static Filter and(Filter... filters) {
    return new And(List.of(filters));
  }

  static Filter or(Filter... filters) {
    return new Or(List.of(filters));
  }

  static Filter not(Filter filter) {
    return new Not(filter);
  }

  private static boolean any(@Nullable Object value, java.util.function.Predicate<Object> condition) {
    if (value == null) {
      return false;
    }
    return value instanceof List<?> list ? list.stream().anyMatch(condition) : condition.test(value);
  }

  private static boolean same(Object a, Object b) {
    return a instanceof Number x && b instanceof Number y ? x.doubleValue() == y.doubleValue() : a.equals(b);
  }

  private static int compare(Object a, Object b) {
    return a instanceof String x && b instanceof String y
        ? compareCodePoints(x, y)
        : Double.compare(((Number) a).doubleValue(), ((Number) b).doubleValue());
  }

  /** Compares by code point, the order of UTF-8 bytes; {@link String#compareTo} differs beyond U+FFFF. */
  private static int compareCodePoints(String a, String b) {
    int i = 0;
    while (i < a.length() && i < b.length()) {
      int x = a.codePointAt(i);
      int y = b.codePointAt(i);
      if (x != y) {
        return Integer.compare(x, y);
      }
      i += Character.charCount(x);
    }
    return Integer.compare(a.length(), b.length());
  }

  private static void requireKey(String key) {
    Texts.requireName("a filter's key", key, Metadata.LONGEST_KEY);
  }

  private static void requireDepth(List<Filter> filters) {
    for (Filter filter : filters) {
      if (depth(filter) >= DEEPEST) {
        throw new InvalidInputException("the filter is nested more than " + DEEPEST + " deep");
      }
    }
  }

  private static int depth(Filter filter) {
    return switch (filter) {
      case And and -> 1 + and.filters().stream().mapToInt(Filter::depth).max().orElse(0);
      case Or or -> 1 + or.filters().stream().mapToInt(Filter::depth).max().orElse(0);
      case Not not -> 1 + depth(not.filter());
      default -> 1;
    };
  }
}
