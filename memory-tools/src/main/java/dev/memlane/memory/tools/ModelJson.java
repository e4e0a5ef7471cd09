package dev.memlane.memory.tools;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.memlane.lanes.ToolException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * JSON that a model wrote. It is read strictly, within limits on its size, and a mistake is explained in words that
 * help the model to correct it.
 */
final class ModelJson {

  /** The longest text, in characters. A batch of the most memories fits, unless its contents are very long. */
  private static final int LONGEST = 16_000_000;
  private static final int MOST_DIGITS = 1_000;
  private static final int LONGEST_NAME = 1_000;
  private static final int DEEPEST = 100;
  private static final int SHOWN = 40;
  private static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
      .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(LONGEST).maxNumberLength(MOST_DIGITS)
          .maxNameLength(LONGEST_NAME).maxNestingDepth(DEEPEST).build())
      .build()).enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
  private static final Pattern TWICE = Pattern.compile("Duplicate field '(.*)'");

  private ModelJson() {}

  /**
   * Reads the arguments of a call.
   *
   * @throws ToolException if they are too long or are not JSON
   */
  static JsonNode read(String json) {
    if (json.length() > LONGEST) {
      throw new ToolException("the arguments have " + json.length() + " characters; the limit is " + LONGEST
          + ": make several calls, with shorter ones");
    }
    try {
      return MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new ToolException("the arguments are not one JSON object: " + explain(e), e);
    }
  }

  /** Explains the mistake. The parser's own messages speak about the parser. */
  private static String explain(JsonProcessingException e) {
    String where = e.getLocation() == null ? "" : " (column " + e.getLocation().getColumnNr() + ")";
    String message = String.valueOf(e.getOriginalMessage());
    Matcher twice = TWICE.matcher(message);
    return switch (e) {
      case JsonEOFException early -> "they end too early" + where;
      case MismatchedInputException more -> "something follows it; make another call for another object" + where;
      case StreamConstraintsException large -> "no number may have more than 1,000 digits, no name more than 1,000 "
          + "characters, and nothing may be nested more than " + DEEPEST + " deep" + where;
      default -> twice.find()
          ? "\"" + shown(twice.group(1)) + "\" is there twice" + where
          : message.contains("Non-standard token")
              ? "NaN and Infinity can't be written in JSON; leave them out" + where
              : "they can't be read" + where;
    };
  }

  /** Unwraps an object or a list that the model wrote as JSON in a text. Any other value is returned as it is. */
  static JsonNode unwrapped(JsonNode value) {
    if (!value.isTextual()) {
      return value;
    }
    try {
      JsonNode inside = MAPPER.readTree(value.textValue());
      return inside.isContainerNode() ? inside : value;
    } catch (JsonProcessingException e) {
      // A plain text. Where another type is expected, the caller reports it.
      return value;
    }
  }

  /** A name for a message, cut to {@value #SHOWN} characters. */
  static String shown(String name) {
    return name.length() <= SHOWN ? name : name.substring(0, SHOWN) + "...";
  }
}
