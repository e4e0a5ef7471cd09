package dev.memlane.storage.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Metadata;
import org.jspecify.annotations.Nullable;

/**
 * Metadata as JSON text, as the database stores it: the text is Jackson's part, and which values it may hold is
 * {@link Metadata#fromJson}'s. Safe for use by several threads.
 */
public final class MetadataJson {

  private static final ObjectMapper MAPPER = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private MetadataJson() {}

  public static String write(Metadata metadata) {
    return writeValue(metadata.toMap());
  }

  /** Writes one text, number or boolean, or a list or map of those. */
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
   * @throws InvalidInputException if the text is not one JSON object, names a field twice, or holds values that
   * metadata can't have
   */
  public static Metadata read(String json) {
    return json.equals("{}") ? Metadata.empty() : Metadata.fromJson(value(json));
  }

  private static @Nullable Object value(String json) {
    try {
      return json.isBlank() ? null : MAPPER.readValue(json, Object.class);
    } catch (JsonProcessingException e) {
      throw new InvalidInputException("the metadata is no JSON: " + e.getOriginalMessage(), e);
    }
  }
}
