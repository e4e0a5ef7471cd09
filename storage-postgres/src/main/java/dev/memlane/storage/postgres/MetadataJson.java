package dev.memlane.storage.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Metadata;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Metadata as JSON, as the database keeps it and as people write it. Safe for use by several threads. */
public final class MetadataJson {

  private static final ObjectMapper MAPPER = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  private static final BigInteger LARGEST_WHOLE = BigInteger.ONE.shiftLeft(53);

  private MetadataJson() {}

  public static String write(Metadata metadata) {
    return writeValue(metadata.toMap());
  }

  /** One text, number, boolean or list of those as JSON. */
  public static String writeValue(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("texts, numbers, booleans, lists and maps of them can be written as JSON", e);
    }
  }

  /**
   * Reads a JSON object.
   *
   * @throws InvalidInputException if it isn't one, or holds what metadata can't
   */
  public static Metadata read(String json) {
    if (json.equals("{}")) {
      return Metadata.empty();
    }
    JsonNode node;
    try {
      node = MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new InvalidInputException("the metadata is no JSON: " + e.getOriginalMessage(), e);
    }
    return read(node);
  }

  /** See {@link #read(String)}. */
  public static Metadata read(JsonNode object) {
    if (!object.isObject()) {
      throw new InvalidInputException("metadata must be a JSON object such as {\"topic\": \"travel\"}");
    }
    Map<String, Object> values = new LinkedHashMap<>();
    object.properties()
        .forEach(property -> values.put(property.getKey(), value(property.getKey(), property.getValue())));
    return Metadata.of(values);
  }

  private static Object value(String key, JsonNode node) {
    if (node.isArray()) {
      List<Object> elements = new ArrayList<>(node.size());
      node.forEach(element -> elements.add(value(key, element)));
      return elements;
    }
    if (node.isTextual()) {
      return node.textValue();
    }
    if (node.isBoolean()) {
      return node.booleanValue();
    }
    if (node.isNumber()) {
      return number(key, node);
    }
    throw new InvalidInputException("metadata \"" + key + "\" is " + (node.isNull()
        ? "null; leave the key out"
        : "an object; a value must be a text, a number, a boolean, or a list of those"));
  }

  /** PostgreSQL writes a large double as a whole number; one that is none loses digits, and is refused. */
  private static Object number(String key, JsonNode node) {
    if (!node.isIntegralNumber()) {
      return node.doubleValue();
    }
    BigInteger whole = node.bigIntegerValue();
    if (whole.abs().compareTo(LARGEST_WHOLE) <= 0) {
      return whole.longValue();
    }
    double value = whole.doubleValue();
    if (!Double.isFinite(value) || BigDecimal.valueOf(value).compareTo(new BigDecimal(whole)) != 0) {
      throw new InvalidInputException("metadata \"" + key + "\" is the number " + whole
          + ", which loses digits (whole numbers are exact up to 2^53): store it as a text");
    }
    return value;
  }
}
