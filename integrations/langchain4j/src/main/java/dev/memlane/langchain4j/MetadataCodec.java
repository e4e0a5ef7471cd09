package dev.memlane.langchain4j;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.langchain4j.data.document.Metadata;
import dev.memlane.model.InvalidInputException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The translation of a segment's metadata: LangChain4j's to Memlane's, and back.
 *
 * <p>
 * <b>There and back.</b> Memlane keeps texts, numbers as a {@code double} holds them, booleans and lists. What it can't
 * tell apart is noted under the key {@value #NOTES}: a list of {@code type:key}, such as {@code integer:page} or
 * {@code uuid:owner}. So each value comes back with its own class, and filters by numbers and texts work through every
 * door. A whole number from 2^53 on is kept as the nearest {@code double}, which ranges compare, and exactly in its
 * note, {@code long:<number>:<key>}, which equality compares.
 *
 * <p>
 * <b>From other doors.</b> A boolean becomes the text {@code true} or {@code false}, and a list its JSON.
 */
final class MetadataCodec {

  /** The reserved key. */
  static final String NOTES = "langchain4j";
  /** The note of an embedding without a text. */
  static final String WITHOUT_TEXT = "without text";
  /** From here on, a whole number is not exactly what a {@code double} holds. */
  private static final long FIRST_INEXACT = 1L << 53;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private MetadataCodec() {}

  /**
   * Translates a segment's metadata.
   *
   * @throws InvalidInputException if a key is reserved, or a value can't be stored
   */
  static dev.memlane.model.Metadata encode(Metadata metadata, boolean hasText) {
    Map<String, Object> values = new LinkedHashMap<>();
    List<String> notes = new ArrayList<>();
    metadata.toMap().forEach((key, value) -> {
      if (key.equals(NOTES)) {
        throw new InvalidInputException(
            "the metadata key \"" + NOTES + "\" is reserved for the types of the other values; choose another one");
      }
      switch (value) {
        case UUID id -> {
          values.put(key, id.toString());
          notes.add("uuid:" + key);
        }
        case Integer whole -> {
          values.put(key, whole);
          notes.add("integer:" + key);
        }
        case Long whole when !isExact(whole) -> {
          values.put(key, whole.doubleValue());
          notes.add(exactly(key, whole));
        }
        case Float number -> {
          values.put(key, decimal(number));
          notes.add("float:" + key);
        }
        case Double number -> {
          values.put(key, number);
          if (number == Math.rint(number)) {
            notes.add("double:" + key);
          }
        }
        default -> values.put(key, value);
      }
    });
    if (!hasText) {
      notes.add(WITHOUT_TEXT);
    }
    if (!notes.isEmpty()) {
      values.put(NOTES, notes);
    }
    return dev.memlane.model.Metadata.of(values);
  }

  /** Whether filters compare this number exactly. */
  static boolean isExact(long whole) {
    return whole < FIRST_INEXACT && whole > -FIRST_INEXACT;
  }

  /** The note that says exactly which whole number a key has. */
  static String exactly(String key, long whole) {
    return "long:" + whole + ":" + key;
  }

  /** The {@code double} with the same decimal digits, so that 1.23f is 1.23 in filters, as it is for LangChain4j. */
  static double decimal(float number) {
    double decimal = Double.parseDouble(Float.toString(number));
    return (float) decimal == number ? decimal : number;
  }

  /** Whether a memory is an embedding that was stored without a text. */
  static boolean isWithoutText(dev.memlane.model.Metadata metadata) {
    return notes(metadata).contains(WITHOUT_TEXT);
  }

  static Metadata decode(dev.memlane.model.Metadata metadata) {
    Map<String, Object> values = new LinkedHashMap<>();
    metadata.forEach((key, value) -> {
      if (!key.equals(NOTES)) {
        values.put(key, switch (value) {
          case Boolean flag -> flag.toString();
          case List<?> list -> json(list);
          default -> value;
        });
      }
    });
    for (Object note : notes(metadata)) {
      restore(values, String.valueOf(note));
    }
    return Metadata.from(values);
  }

  /** Gives one value its own class again, unless another door has put something else in its place. */
  private static void restore(Map<String, Object> values, String note) {
    int colon = note.indexOf(':');
    if (colon < 0) {
      return;
    }
    String key = note.substring(colon + 1);
    switch (note.substring(0, colon)) {
      case "uuid" -> values.computeIfPresent(key, (same, value) -> uuid(value));
      case "integer" -> values.computeIfPresent(key,
          (same, value) -> value instanceof Long whole && whole == whole.intValue() ? whole.intValue() : value);
      case "float" -> values.computeIfPresent(key,
          (same, value) -> value instanceof Number number ? number.floatValue() : value);
      case "double" -> values.computeIfPresent(key,
          (same, value) -> value instanceof Number number ? number.doubleValue() : value);
      case "long" -> restoreLong(values, key);
      default -> {
        // A note of a later version.
      }
    }
  }

  private static void restoreLong(Map<String, Object> values, String numberAndKey) {
    int colon = numberAndKey.indexOf(':');
    try {
      long whole = Long.parseLong(numberAndKey.substring(0, Math.max(colon, 0)));
      values.computeIfPresent(numberAndKey.substring(colon + 1),
          (same, value) -> value instanceof Number number && number.doubleValue() == whole ? whole : value);
    } catch (NumberFormatException e) {
      // Another door has changed the note, so the value stays as it is.
    }
  }

  private static Object uuid(Object value) {
    try {
      return value instanceof String text && text.length() == 36 ? UUID.fromString(text) : value;
    } catch (IllegalArgumentException e) {
      // Another door has put a text in its place.
      return value;
    }
  }

  private static List<?> notes(dev.memlane.model.Metadata metadata) {
    return metadata.get(NOTES) instanceof List<?> notes ? notes : List.of();
  }

  private static String json(List<?> list) {
    try {
      return JSON.writeValueAsString(list);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a list of texts, numbers and booleans is always JSON", e);
    }
  }
}
