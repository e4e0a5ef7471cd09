package dev.memlane.extraction;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** JSON from models and for them. What is read comes from outside: depth, names and numbers have limits. */
final class Json {

  private static final int DEEPEST = 50;
  private static final int LONGEST_STRING = 4_000_000;
  private static final int LONGEST_NUMBER = 100;
  private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
      .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEEPEST).maxStringLength(LONGEST_STRING)
          .maxNumberLength(LONGEST_NUMBER).build())
      // Two decisions under one name are no decision.
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .disable(JsonFactory.Feature.INTERN_FIELD_NAMES).build());

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  static ArrayNode array() {
    return MAPPER.createArrayNode();
  }

  static byte[] bytes(JsonNode value) {
    return write(value).getBytes(StandardCharsets.UTF_8);
  }

  static String write(JsonNode value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
  }

  /** @throws IOException if it is no JSON */
  static JsonNode read(byte[] body) throws IOException {
    JsonNode read = MAPPER.readTree(body);
    return read == null ? MAPPER.missingNode() : read;
  }

  /** @throws JsonProcessingException if it is no JSON */
  static JsonNode read(String json) throws JsonProcessingException {
    JsonNode read = MAPPER.readTree(json);
    return read == null ? MAPPER.missingNode() : read;
  }

  /** Reads a value of our own. */
  static JsonNode readOwn(String json) {
    try {
      return MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("a value written by this program is damaged", e);
    }
  }

  static boolean isObject(String json) {
    try {
      JsonNode read = MAPPER.readTree(json);
      return read != null && read.isObject();
    } catch (JsonProcessingException e) {
      // It is no JSON at all.
      return false;
    }
  }

  /**
   * Returns the first JSON object in a text, without whatever comes before and after it: models put explanations and marks
   * of code around their answers.
   *
   * @return null if there is none that is whole
   */
  static @Nullable ObjectNode firstObject(String text) {
    int begin = text.indexOf('{');
    if (begin < 0) {
      return null;
    }
    try (JsonParser parser = MAPPER.createParser(text.substring(begin))) {
      return MAPPER.readTree(parser) instanceof ObjectNode object ? object : null;
    } catch (IOException e) {
      // No JSON, or cut off: the caller has nothing to read, whatever exactly is wrong.
      return null;
    }
  }
}
