package dev.memlane.cli.internal.conversation;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Values of exports. What is missing, or not of the form that is expected, is null. */
final class ExportJson {

  private static final Instant EARLIEST = Instant.parse("1900-01-01T00:00:00Z");
  private static final Instant LATEST = Instant.parse("9999-01-01T00:00:00Z");

  private static final ObjectMapper MAPPER = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .build();

  private ExportJson() {}

  static JsonParser parser(InputStream input) throws IOException {
    return MAPPER.createParser(input);
  }

  /** The value at which the parser is. */
  static JsonNode tree(JsonParser parser) throws IOException {
    return MAPPER.readTree(parser);
  }

  static @Nullable String text(@Nullable JsonNode node) {
    return node == null || !node.isTextual() && !node.isNumber() ? null : node.asText();
  }

  /** The first of these fields that has a text or a number. */
  static @Nullable String text(JsonNode object, String... fields) {
    for (String field : fields) {
      String text = text(object.get(field));
      if (text != null && !text.isBlank()) {
        return text;
      }
    }
    return null;
  }

  /** A time as seconds since 1970, perhaps with a fraction, as a number or a text. */
  static @Nullable Instant epochSeconds(@Nullable String seconds) {
    if (seconds == null || seconds.length() > 30) {
      return null;
    }
    try {
      BigDecimal exact = new BigDecimal(seconds);
      return exact.abs().compareTo(BigDecimal.valueOf(LATEST.getEpochSecond())) > 0
          ? null
          : known(Instant.ofEpochSecond(exact.longValue()));
    } catch (NumberFormatException e) {
      // The message has no time that can be read, which is no reason to leave it out.
      return null;
    }
  }

  /** A time with an offset, such as {@code 2024-05-02T18:03:00.123Z}. */
  static @Nullable Instant isoTime(@Nullable String text) {
    if (text == null) {
      return null;
    }
    try {
      return known(OffsetDateTime.parse(text).toInstant());
    } catch (DateTimeException e) {
      // As above.
      return null;
    }
  }

  static @Nullable Instant known(Instant time) {
    return time.isBefore(EARLIEST) || time.isAfter(LATEST) ? null : time;
  }

  /** The texts of a list of parts: those that are texts themselves, and those of parts with a text of one of these types. */
  static String joined(JsonNode parts, String separator, List<String> types) {
    List<String> texts = new ArrayList<>();
    for (JsonNode part : parts) {
      String type = text(part, "type", "content_type");
      String text = part.isTextual()
          ? part.textValue()
          : part.isObject() && type != null && types.contains(type) ? text(part.get("text")) : null;
      if (text != null && !text.isEmpty()) {
        texts.add(text);
      }
    }
    return String.join(separator, texts);
  }
}
