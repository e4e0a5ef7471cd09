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
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.lanes.ToolException;
import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.TimeParser;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of one tool call, each read as the type that it should have. A mismatch is reported to the model. What models get wrong and
 * still can be understood is taken: a number or a boolean as a text and the reverse, an object or a list as JSON in a text, and null
 * for what is left out.
 */
final class Arguments {

  /** The longest arguments, in characters: more than a batch of the most memories has, unless they are very long. */
  static final int LONGEST = 16_000_000;

  private static final int MOST_DIGITS = 1_000;
  private static final int LONGEST_NAME = 1_000;
  private static final int DEEPEST = 100;
  private static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
      .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(LONGEST).maxNumberLength(MOST_DIGITS)
          .maxNameLength(LONGEST_NAME).maxNestingDepth(DEEPEST).build())
      .build()).enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
  private static final Pattern TWICE = Pattern.compile("Duplicate field '(.*)'");
  private static final Pattern SMALL_NUMBER = Pattern.compile("[0-9]{1,9}");

  private static final long LARGEST_WHOLE = 1L << 53;
  private static final int MOST_CONDITIONS = 100;
  private static final int SHOWN = 40;

  private final ObjectNode fields;
  private final TimeParser times;

  /**
   * @param schema what the fields may be called
   * @throws ToolException if there are others
   */
  private Arguments(ObjectNode fields, JsonNode schema, TimeParser times) {
    this.fields = fields;
    this.times = times;
    JsonNode known = schema.path("properties");
    fields.fieldNames().forEachRemaining(name -> {
      if (!known.has(name)) {
        List<String> names = new ArrayList<>();
        known.fieldNames().forEachRemaining(names::add);
        throw new ToolException("there is no argument \"" + shown(name) + "\"; there are " + String.join(", ", names));
      }
    });
  }

  /**
   * Reads an object.
   *
   * @param json nothing at all, and null, are an object without fields, as some models write it
   * @throws ToolException if it isn't one, or has fields that the schema doesn't know
   */
  static Arguments parse(@Nullable String json, JsonNode schema, TimeParser times) {
    if (json == null || json.isBlank()) {
      return new Arguments(JsonNodeFactory.instance.objectNode(), schema, times);
    }
    if (json.length() > LONGEST) {
      throw new ToolException("the arguments have " + json.length() + " characters; the limit is " + LONGEST
          + ": make several calls, with shorter ones");
    }
    try {
      return of(MAPPER.readTree(json), "the arguments", schema, times);
    } catch (JsonProcessingException e) {
      throw new ToolException("the arguments are not one JSON object: " + whatIsWrong(e), e);
    }
  }

  /** In our own words, because the reader's are about itself. */
  private static String whatIsWrong(JsonProcessingException e) {
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

  /** @throws ToolException if it isn't an object, or has fields that the schema doesn't know */
  static Arguments of(JsonNode node, String what, JsonNode schema, TimeParser times) {
    JsonNode meant = inText(node);
    if (meant.isNull()) {
      return new Arguments(JsonNodeFactory.instance.objectNode(), schema, times);
    }
    if (meant instanceof ObjectNode object) {
      return new Arguments(object, schema, times);
    }
    throw new ToolException(what + " must be a JSON object");
  }

  /** What a text says, if it is JSON in a text; otherwise the value itself. */
  private static JsonNode inText(JsonNode value) {
    if (!value.isTextual()) {
      return value;
    }
    try {
      JsonNode inside = MAPPER.readTree(value.textValue());
      return inside.isContainerNode() ? inside : value;
    } catch (JsonProcessingException e) {
      // A plain text. The caller reports it where another type is expected.
      return value;
    }
  }

  private static String shown(String name) {
    return name.length() <= SHOWN ? name : name.substring(0, SHOWN) + "...";
  }

  String text(String name) {
    String text = textOrNull(name);
    if (text == null) {
      throw new ToolException("\"" + name + "\" is missing; it must be a text");
    }
    return text;
  }

  @Nullable
  String textOrNull(String name) {
    JsonNode value = value(name);
    if (value != null && value.isContainerNode()) {
      throw new ToolException("\"" + name + "\" must be a text");
    }
    return value == null ? null : value.asText();
  }

  /** A whole number from 1 to most. */
  int count(String name, int usual, int most) {
    Integer count = countOrNull(name, most);
    return count == null ? usual : count;
  }

  @Nullable
  Integer countOrNull(String name, int most) {
    JsonNode value = value(name);
    if (value == null) {
      return null;
    }
    boolean whole = value.isTextual()
        ? SMALL_NUMBER.matcher(value.textValue().strip()).matches()
        : value.canConvertToExactIntegral() && value.canConvertToInt();
    int count = !whole ? 0 : value.isTextual() ? Integer.parseInt(value.textValue().strip()) : value.intValue();
    if (count < 1 || count > most) {
      throw new ToolException("\"" + name + "\" must be a whole number from 1 to " + most);
    }
    return count;
  }

  MemoryId id() {
    return MemoryId.parse(text("id"));
  }

  @Nullable
  MemoryId idOrNull(String name) {
    String text = textOrNull(name);
    return text == null ? null : MemoryId.parse(text);
  }

  @Nullable
  OperationId operationOrNull(String name) {
    String text = textOrNull(name);
    try {
      return text == null ? null : OperationId.parse(text);
    } catch (InvalidInputException e) {
      throw new ToolException("\"" + name + "\" must be the op of the memory as it was read; leave it out otherwise",
          e);
    }
  }

  /** A moment, or a day, which begins at midnight in UTC. */
  @Nullable
  Instant timeOrNull(String name) {
    String text = textOrNull(name);
    return text == null ? null : times.parse("\"" + name + "\"", text);
  }

  @Nullable
  Metadata metadataOrNull(String name) {
    ObjectNode object = objectOrNull(name);
    return object == null ? null : Metadata.of(values(name, object));
  }

  /** Texts, numbers, booleans and lists of those, by name. */
  private static Map<String, Object> values(String name, ObjectNode object) {
    Map<String, Object> values = new LinkedHashMap<>();
    object.properties().forEach(property -> {
      Object value = property.getValue().isArray()
          ? list(property.getValue())
          : scalar(property.getValue());
      if (value != null) {
        values.put(property.getKey(), value);
      } else if (!property.getValue().isNull()) {
        throw new ToolException("\"" + shown(property.getKey()) + "\" in \"" + name
            + "\" must be a text, a number up to 2^53, a boolean, or a list of those");
      }
    });
    return values;
  }

  /** The elements; null if one is none that is taken, or if they are nothing but nulls. */
  private static @Nullable List<Object> list(JsonNode array) {
    List<Object> elements = new ArrayList<>();
    for (JsonNode element : array) {
      Object value = scalar(element);
      if (value != null) {
        elements.add(value);
      } else if (!element.isNull()) {
        return null;
      }
    }
    return elements.isEmpty() && !array.isEmpty() ? null : elements;
  }

  /** Null for what is none that is taken. */
  private static @Nullable Object scalar(JsonNode value) {
    if (value.isTextual()) {
      return value.textValue();
    }
    if (value.isBoolean()) {
      return value.booleanValue();
    }
    if (value.isIntegralNumber()) {
      return value.canConvertToLong() && Math.abs(value.longValue()) <= LARGEST_WHOLE ? value.longValue() : null;
    }
    return value.isNumber() && Double.isFinite(value.doubleValue()) ? value.doubleValue() : null;
  }

  /** All of the values must be there; of a list one of them. */
  @Nullable
  Filter filterOrNull(String name) {
    ObjectNode object = objectOrNull(name);
    if (object == null || object.isEmpty()) {
      return null;
    }
    if (object.size() > MOST_CONDITIONS) {
      throw new ToolException("\"" + name + "\" has " + object.size() + " names; at most " + MOST_CONDITIONS);
    }
    List<Filter> all = new ArrayList<>();
    values(name, object).forEach((key, value) -> all.add(value instanceof List<?> values
        ? new Filter.In(key, List.copyOf(values))
        : new Filter.Equal(key, value)));
    return all.size() == 1 ? all.getFirst() : new Filter.And(all);
  }

  private @Nullable ObjectNode objectOrNull(String name) {
    JsonNode value = value(name);
    JsonNode meant = value == null ? null : inText(value);
    if (meant == null || meant instanceof ObjectNode) {
      return (ObjectNode) meant;
    }
    throw new ToolException("\"" + name + "\" must be an object of names and values");
  }

  /** The elements of a list, which has at least one and at most so many. */
  List<JsonNode> list(String name, int most) {
    JsonNode value = value(name);
    JsonNode meant = value == null ? null : inText(value);
    if (meant == null || !meant.isArray() || meant.isEmpty() || meant.size() > most) {
      throw new ToolException("\"" + name + "\" must be a list of 1 to " + most + " objects");
    }
    List<JsonNode> list = new ArrayList<>(meant.size());
    meant.forEach(list::add);
    return list;
  }

  /** Some of these texts; none if the list is left out. */
  Set<String> choices(String name, Set<String> possible) {
    JsonNode value = value(name);
    Set<String> chosen = new TreeSet<>();
    if (value == null) {
      return chosen;
    }
    JsonNode meant = inText(value);
    boolean known = meant.isArray();
    for (JsonNode element : meant) {
      String text = element.isTextual() ? element.textValue() : "";
      known &= possible.contains(text);
      chosen.add(text);
    }
    if (!known) {
      throw new ToolException("\"" + name + "\" must be a list of " + String.join(", ", new TreeSet<>(possible)));
    }
    return chosen;
  }

  /** What says null says nothing. */
  private @Nullable JsonNode value(String name) {
    JsonNode value = fields.get(name);
    return value == null || value.isNull() ? null : value;
  }
}
