package dev.memlane.spring.ai;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.net.URL;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Java values as JSON that keeps their types: what is read equals what was written.
 *
 * <p>
 * Texts, booleans, nulls, {@code Integer}, {@code Double}, lists and maps are written as JSON has them. A value of
 * another type is an object with one name that begins with {@code $}: {@code {"$long": "5"}}. A map with such a key is
 * itself in an object with the name {@code $map}. Maps are ordered by key, so equal values have equal JSON. An object of a class that is not known here, such as a provider's own, is written as its
 * text.
 *
 * <p>
 * It uses Jackson's streams, not a mapper: Spring AI 1.1 and 2.0 have mappers of different major versions, and what is
 * stored must not depend on how an application has configured one.
 */
final class ValueJson {

  private static final String TAG = "$";
  /** What is read was written here, and the conversation log bounds it. */
  private static final JsonFactory JSON = JsonFactory.builder()
      .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build()).build();

  private ValueJson() {}

  /** Writes a value, on one line. */
  static String write(@Nullable Object value) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      write(json, value);
    }
    return text.toString();
  }

  @SuppressWarnings("JavaUtilDate") // Messages have such values.
  private static void write(JsonGenerator json, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> json.writeNull();
      case String text -> json.writeString(text);
      case Boolean flag -> json.writeBoolean(flag);
      case Integer number -> json.writeNumber(number);
      case Double number when Double.isFinite(number) -> json.writeNumber(number);
      case Map<?, ?> map -> writeMap(json, map);
      case Set<?> set -> writeTagged(json, "$set", List.copyOf(sorted(set)));
      case Collection<?> list -> writeList(json, list);
      case Object[] array -> writeList(json, Arrays.asList(array));
      case Double number -> writeTagged(json, "$double", number.toString());
      case Float number -> writeTagged(json, "$float", number.toString());
      case Long number -> writeTagged(json, "$long", number.toString());
      case Short number -> writeTagged(json, "$short", number.toString());
      case Byte number -> writeTagged(json, "$byte", number.toString());
      case BigInteger number -> writeTagged(json, "$integer", number.toString());
      case BigDecimal number -> writeTagged(json, "$decimal", number.toString());
      case byte[] bytes -> writeTagged(json, "$bytes", Base64.getEncoder().encodeToString(bytes));
      case Instant time -> writeTagged(json, "$instant", time.toString());
      case Date date -> writeTagged(json, "$date", Long.toString(date.getTime()));
      case UUID id -> writeTagged(json, "$uuid", id.toString());
      case URI address -> writeTagged(json, "$uri", address.toString());
      case URL address -> writeTagged(json, "$url", address.toString());
      case Enum<?> constant -> json.writeString(constant.name());
      default -> json.writeString(value.toString());
    }
  }

  private static Collection<?> sorted(Set<?> set) {
    return set.stream().allMatch(String.class::isInstance) ? set.stream().sorted().toList() : set;
  }

  private static void writeMap(JsonGenerator json, Map<?, ?> map) throws IOException {
    Map<String, Object> ordered = new TreeMap<>();
    map.forEach((key, value) -> ordered.put(String.valueOf(key), value));
    if (ordered.keySet().stream().anyMatch(key -> key.startsWith(TAG))) {
      json.writeStartObject();
      json.writeFieldName("$map");
      writeFields(json, ordered);
      json.writeEndObject();
    } else {
      writeFields(json, ordered);
    }
  }

  private static void writeFields(JsonGenerator json, Map<String, Object> map) throws IOException {
    json.writeStartObject();
    for (Map.Entry<String, Object> entry : map.entrySet()) {
      json.writeFieldName(entry.getKey());
      write(json, entry.getValue());
    }
    json.writeEndObject();
  }

  private static void writeList(JsonGenerator json, Collection<?> list) throws IOException {
    json.writeStartArray();
    for (Object element : list) {
      write(json, element);
    }
    json.writeEndArray();
  }

  private static void writeTagged(JsonGenerator json, String tag, Object value) throws IOException {
    json.writeStartObject();
    json.writeFieldName(tag);
    write(json, value);
    json.writeEndObject();
  }

  /**
   * Reads a value.
   *
   * @throws IOException if the text is not what {@link #write} writes
   */
  static @Nullable Object read(String text) throws IOException {
    try (JsonParser json = JSON.createParser(text)) {
      json.nextToken();
      Object value = read(json);
      if (json.nextToken() != null) {
        throw new IOException("something follows the value");
      }
      return value;
    } catch (IllegalArgumentException e) {
      throw new IOException("a value can't be read as the type that its tag names", e);
    }
  }

  private static @Nullable Object read(JsonParser json) throws IOException {
    JsonToken token = json.currentToken();
    if (token == null) {
      throw new IOException("the text ends too early");
    }
    return switch (token) {
      case VALUE_NULL -> null;
      case VALUE_STRING -> json.getText();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NUMBER_INT -> json.getIntValue();
      case VALUE_NUMBER_FLOAT -> json.getDoubleValue();
      case START_ARRAY -> readList(json);
      case START_OBJECT -> readObject(json);
      default -> throw new IOException("unexpected " + token);
    };
  }

  private static List<@Nullable Object> readList(JsonParser json) throws IOException {
    List<@Nullable Object> list = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      list.add(read(json));
    }
    return list;
  }

  private static Object readObject(JsonParser json) throws IOException {
    if (json.nextToken() == JsonToken.FIELD_NAME && json.currentName().startsWith(TAG)) {
      String tag = json.currentName();
      boolean map = json.nextToken() == JsonToken.START_OBJECT && tag.equals("$map");
      if (map) {
        json.nextToken();
      }
      Object value = map ? readFields(json) : untagged(tag, read(json));
      if (json.nextToken() != JsonToken.END_OBJECT) {
        throw new IOException("the tag " + tag + " is not alone");
      }
      return value;
    }
    return readFields(json);
  }

  /** Reads a map, from its first field to its end. */
  private static Map<String, @Nullable Object> readFields(JsonParser json) throws IOException {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    while (json.currentToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      map.put(name, read(json));
      json.nextToken();
    }
    return map;
  }

  @SuppressWarnings("JavaUtilDate") // Messages have such values.
  private static Object untagged(String tag, @Nullable Object value) throws IOException {
    if (tag.equals("$set") && value instanceof List<?> elements) {
      return new LinkedHashSet<>(elements);
    }
    if (!(value instanceof String text)) {
      throw new IOException("the tag " + tag + " has no text");
    }
    return switch (tag) {
      case "$double" -> Double.valueOf(text);
      case "$float" -> Float.valueOf(text);
      case "$long" -> Long.valueOf(text);
      case "$short" -> Short.valueOf(text);
      case "$byte" -> Byte.valueOf(text);
      case "$integer" -> new BigInteger(text);
      case "$decimal" -> new BigDecimal(text);
      case "$bytes" -> Base64.getDecoder().decode(text);
      case "$instant" -> instant(text);
      case "$date" -> new Date(Long.parseLong(text));
      case "$uuid" -> UUID.fromString(text);
      case "$uri" -> URI.create(text);
      case "$url" -> URI.create(text).toURL();
      default -> throw new IOException("unknown tag " + tag);
    };
  }

  private static Instant instant(String text) throws IOException {
    try {
      return Instant.parse(text);
    } catch (java.time.format.DateTimeParseException e) {
      throw new IOException("a time can't be read", e);
    }
  }
}
