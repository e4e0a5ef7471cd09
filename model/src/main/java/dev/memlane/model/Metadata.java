package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A memory's metadata: an immutable map from text to a text, a number, a boolean, or a list of those, ordered by key.
 *
 * <p>
 * Whole numbers are kept as {@link Long}, others as {@link Double}. Both must be exactly what a {@code double} can hold
 * (whole numbers up to 2^53), so that a filter means the same in every store. Store other numbers as texts. Keys and
 * texts are kept unchanged and compared character by character: surrounding blanks, case and Unicode forms make a
 * difference. Safe for use by several threads.
 *
 * <p>
 * <b>JSON.</b> {@link #toMap} gives the values that a JSON library writes, and {@link #fromJson} reads the values that
 * one returns. They need no library of their own, so each module uses its own reader and the rules are here alone.
 */
public final class Metadata {

  /** The longest key, in characters. */
  public static final int LONGEST_KEY = 255;
  /** The longest text, in characters. */
  public static final int LONGEST_TEXT = 8_000;
  /** The most values, counting those in lists. */
  public static final int MOST_VALUES = 1_000;

  private static final int LONGEST_SHOWN = 40;
  private static final Metadata EMPTY = new Metadata(new TreeMap<>());
  private static final long LARGEST_WHOLE = 1L << 53;

  private final SortedMap<String, Object> values;

  private Metadata(SortedMap<String, Object> values) {
    this.values = values;
  }

  public static Metadata empty() {
    return EMPTY;
  }

  public static Metadata of(String key, Object value) {
    return empty().with(key, value);
  }

  /**
   * Copies a map of texts, numbers, booleans, and lists of those. Nulls are left out, both as values and in lists.
   *
   * @throws InvalidInputException for a value of another type (it names the key and the type), or one beyond a limit
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static Metadata of(Map<String, ?> values) {
    TreeMap<String, Object> checked = new TreeMap<>();
    int count = 0;
    for (Map.Entry<String, ?> entry : values.entrySet()) {
      Texts.requireName("a metadata key", entry.getKey(), LONGEST_KEY);
      Object given = entry.getValue();
      if (given == null) {
        continue;
      }
      Object value = checkedValue(entry.getKey(), given);
      checked.put(entry.getKey(), value);
      count += value instanceof List<?> list ? Math.max(1, list.size()) : 1;
    }
    if (count > MOST_VALUES) {
      throw new InvalidInputException("metadata has " + count + " values; the limit is " + MOST_VALUES);
    }
    return checked.isEmpty() ? EMPTY : new Metadata(checked);
  }

  /**
   * Reads a JSON object, given as JSON libraries return it when asked for no type: a map from text to texts, booleans,
   * numbers of any class, and lists of those.
   *
   * <p>
   * Stricter than {@link #of(Map)}, because a file or a database should not hold what is dropped silently: nulls are
   * refused. More lenient about one kind of number: a whole number beyond 2^53 is read as the double that it is
   * exactly, because PostgreSQL writes large doubles without an exponent.
   *
   * @throws InvalidInputException if it is no map, holds a null, an object or a number that would lose digits (the
   * message names the key), or is beyond a limit
   */
  public static Metadata fromJson(@Nullable Object json) {
    if (!(json instanceof Map<?, ?> object)) {
      throw new InvalidInputException("metadata must be a JSON object such as {\"topic\": \"travel\"}");
    }
    Map<String, Object> values = new LinkedHashMap<>();
    object.forEach((key, value) -> {
      Texts.requireName("a metadata key", String.valueOf(key), LONGEST_KEY);
      values.put(String.valueOf(key), jsonValue(String.valueOf(key), value));
    });
    return of(values);
  }

  private static Object jsonValue(String key, @Nullable Object value) {
    return switch (value) {
      case List<?> list -> list.stream().map(element -> jsonValue(key, element)).toList();
      case String text -> text;
      case Boolean flag -> flag;
      case Double number -> number;
      case Float number -> number.doubleValue();
      case BigDecimal number -> number.doubleValue();
      case Integer whole -> whole.longValue();
      case Number whole -> jsonWhole(key, new BigInteger(whole.toString()));
      case null -> throw new InvalidInputException("metadata \"" + key + "\" is null; leave the key out");
      default -> throw new InvalidInputException("metadata \"" + key
          + "\" is an object; a value must be a text, a number, a boolean, or a list of those");
    };
  }

  private static Object jsonWhole(String key, BigInteger whole) {
    if (whole.abs().compareTo(BigInteger.valueOf(LARGEST_WHOLE)) <= 0) {
      return whole.longValue();
    }
    double value = whole.doubleValue();
    if (!Double.isFinite(value) || BigDecimal.valueOf(value).compareTo(new BigDecimal(whole)) != 0) {
      throw new InvalidInputException("metadata \"" + key + "\" is the number " + Texts.abbreviate(whole.toString(),
          LONGEST_SHOWN) + ", which loses digits (whole numbers are exact up to 2^53): store it as a text");
    }
    return value;
  }

  /** Returns a copy with this value under the key, in place of an older one. */
  public Metadata with(String key, Object value) {
    TreeMap<String, Object> copy = new TreeMap<>(values);
    copy.put(key, value);
    return of(copy);
  }

  /** The value as a {@link String}, {@link Long}, {@link Double}, {@link Boolean} or {@link List} of those, or null. */
  public @Nullable Object get(String key) {
    return values.get(key);
  }

  public boolean isEmpty() {
    return values.isEmpty();
  }

  public int size() {
    return values.size();
  }

  /** Calls the action with each key and value, in order of the keys. */
  public void forEach(BiConsumer<String, Object> action) {
    values.forEach(action);
  }

  /** A copy as a map, in order of the keys. */
  @JsonValue
  public Map<String, Object> toMap() {
    return new TreeMap<>(values);
  }

  /**
   * Checks one text, number or boolean, and converts a number to the class in which it is kept.
   *
   * @throws InvalidInputException if it is of another type or beyond a limit
   */
  static Object checkedScalar(String key, @Nullable Object value) {
    return switch (value) {
      case String text -> checkedText(key, text);
      case Boolean flag -> flag;
      case Number number -> checkedNumber(key, number);
      case null -> throw new InvalidInputException("metadata \"" + key + "\" is null; leave the key out");
      default -> throw new InvalidInputException("metadata \"" + key + "\" holds " + kind(value)
          + "; a value must be a text, a number, a boolean, or a list of those");
    };
  }

  private static String kind(Object value) {
    return switch (value) {
      case Iterable<?> list -> "a list where a single value must be";
      case Map<?, ?> map -> "an object";
      default -> "something of type " + value.getClass().getSimpleName();
    };
  }

  private static String checkedText(String key, String text) {
    if (text.length() > LONGEST_TEXT) {
      throw new InvalidInputException(
          "metadata \"" + key + "\" has " + text.length() + " characters; the limit is " + LONGEST_TEXT);
    }
    Texts.requireStorable("metadata \"" + key + "\"", text);
    return text;
  }

  private static Object checkedValue(String key, Object value) {
    if (value instanceof List<?> list) {
      List<Object> checked = new ArrayList<>(list.size());
      for (Object element : list) {
        if (element != null) {
          checked.add(checkedScalar(key, element));
        }
      }
      return List.copyOf(checked);
    }
    return checkedScalar(key, value);
  }

  private static Object checkedNumber(String key, Number given) {
    Number number = primitive(given);
    boolean whole = number instanceof Long || number instanceof Integer || number instanceof Short
        || number instanceof Byte;
    if (whole && Math.abs(number.longValue()) <= LARGEST_WHOLE && number.longValue() != Long.MIN_VALUE) {
      return number.longValue();
    }
    if (number instanceof Double || number instanceof Float) {
      double value = number.doubleValue();
      if (Double.isFinite(value)) {
        return value == Math.rint(value) && Math.abs(value) <= LARGEST_WHOLE ? (Object) (long) value : (Object) value;
      }
    }
    throw new InvalidInputException(
        "metadata \"" + key + "\" is the number " + Texts.abbreviate(number.toString(), LONGEST_SHOWN)
            + "; numbers must be finite and exactly what a double holds, whole ones at most 2^53: "
            + "store others as a text");
  }

  /** Converts a number of arbitrary size, which some JSON readers return, to a primitive one where that is exact. */
  private static Number primitive(Number number) {
    if (number instanceof BigInteger whole && whole.bitLength() < Long.SIZE) {
      return whole.longValue();
    }
    if (number instanceof BigDecimal decimal && Double.isFinite(decimal.doubleValue())
        && BigDecimal.valueOf(decimal.doubleValue()).compareTo(decimal) == 0) {
      return decimal.doubleValue();
    }
    return number;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Metadata metadata && values.equals(metadata.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
