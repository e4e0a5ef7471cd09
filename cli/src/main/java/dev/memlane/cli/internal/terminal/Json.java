package dev.memlane.cli.internal.terminal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON as the program reads and writes it. An answer is an object with its fields in a fixed order; an absent value is
 * null, and not left out.
 */
public final class Json {

  /** Reads strictly: no field twice, nothing after the value. */
  public static final ObjectMapper MAPPER = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private Json() {}

  /** Writes a value on one line. */
  public static String write(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("maps, lists and scalars can be written", e);
    }
  }

  /** An object with these names and values, given in turn. */
  public static Map<String, @Nullable Object> object(@Nullable Object... namesAndValues) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      object.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
    }
    return object;
  }

  /** The value as text, or null. */
  public static @Nullable String text(@Nullable Object value) {
    return value == null ? null : value.toString();
  }

  /** Seconds, rounded to milliseconds, so that JSON has 12.346 instead of 12.345678901. */
  public static double seconds(long nanoseconds) {
    return Math.round(nanoseconds / 1e6) / 1e3;
  }
}
