package dev.memlane.memory.tools;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
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
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The arguments of one tool call, each read as what it should be; what isn't is told to the model. */
final class Arguments {

  private static final ObjectMapper MAPPER = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
  private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() {
  };

  private static final long LARGEST_WHOLE = 1L << 53;
  private static final int MOST_CONDITIONS = 100;

  private final ObjectNode fields;

  /**
   * @param schema what the fields may be called
   * @throws ToolException if there are others
   */
  private Arguments(ObjectNode fields, JsonNode schema) {
    this.fields = fields;
    JsonNode known = schema.path("properties");
    fields.fieldNames().forEachRemaining(name -> {
      if (!known.has(name)) {
        List<String> names = new ArrayList<>();
        known.fieldNames().forEachRemaining(names::add);
        throw new ToolException("there is no argument \"" + name + "\"; there are " + String.join(", ", names));
      }
    });
  }

  /**
   * Reads an object.
   *
   * @param json nothing at all is an object without fields, as some models write it
   * @throws ToolException if it isn't one, or has fields that the schema doesn't know
   */
  static Arguments parse(String json, JsonNode schema) {
    if (json.isBlank()) {
      return new Arguments(JsonNodeFactory.instance.objectNode(), schema);
    }
    try {
      return of(MAPPER.readTree(json), "the arguments", schema);
    } catch (JsonProcessingException e) {
      throw new ToolException("the arguments are not one JSON object: " + whatIsWrong(e), e);
    }
  }

  /** In our own words, because the reader's are about itself. */
  private static String whatIsWrong(JsonProcessingException e) {
    String where = " (column " + e.getLocation().getColumnNr() + ")";
    String message = e.getOriginalMessage();
    return switch (e) {
      case JsonEOFException early -> "they end too early" + where;
      case MismatchedInputException more -> "something follows it; make another call for another object" + where;
      case StreamConstraintsException large -> "a number, a name or the nesting is too long" + where;
      default -> message.startsWith("Duplicate field") ? message + where : "they can't be read" + where;
    };
  }

  /** @throws ToolException if it isn't an object, or has fields that the schema doesn't know */
  static Arguments of(JsonNode node, String what, JsonNode schema) {
    if (node instanceof ObjectNode object) {
      return new Arguments(object, schema);
    }
    throw new ToolException(what + " must be a JSON object");
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
    if (value != null && !value.isTextual()) {
      throw new ToolException("\"" + name + "\" must be a text");
    }
    return value == null ? null : value.textValue();
  }

  /** A whole number from 1 to most. */
  int count(String name, int usual, int most) {
    JsonNode value = value(name);
    if (value == null) {
      return usual;
    }
    if (!value.canConvertToExactIntegral() || !value.canConvertToInt() || value.intValue() < 1
        || value.intValue() > most) {
      throw new ToolException("\"" + name + "\" must be a whole number from 1 to " + most);
    }
    return value.intValue();
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
    try {
      return text == null
          ? null
          : text.indexOf('T') < 0
              ? LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC)
              : OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeException e) {
      throw new ToolException(
          "\"" + name + "\" must be a day or a time, such as 2026-03-02 or 2026-03-02T09:22:00Z", e);
    }
  }

  @Nullable
  Metadata metadataOrNull(String name) {
    ObjectNode object = objectOrNull(name);
    return object == null ? null : Metadata.of(values(name, object));
  }

  /** Texts, numbers, booleans and lists of those, by name. */
  private static Map<String, Object> values(String name, ObjectNode object) {
    Map<String, Object> values = MAPPER.convertValue(object, MAP);
    values.forEach((key, value) -> {
      boolean fits = value instanceof List<?> list ? list.stream().allMatch(Arguments::isScalar) : isScalar(value);
      if (!fits) {
        throw new ToolException("\"" + key + "\" in \"" + name
            + "\" must be a text, a number up to 2^53, a boolean, or a list of those");
      }
    });
    return values;
  }

  private static boolean isScalar(@Nullable Object value) {
    return value instanceof String || value instanceof Boolean || value instanceof Integer || value instanceof Double
        || value instanceof Long whole && Math.abs(whole) <= LARGEST_WHOLE;
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
    if (value == null || value instanceof ObjectNode) {
      return (ObjectNode) value;
    }
    throw new ToolException("\"" + name + "\" must be an object of names and values");
  }

  /** The elements of a list, which has at least one and at most so many. */
  List<JsonNode> list(String name, int most) {
    JsonNode value = value(name);
    if (value == null || !value.isArray() || value.isEmpty() || value.size() > most) {
      throw new ToolException("\"" + name + "\" must be a list of 1 to " + most + " objects");
    }
    List<JsonNode> list = new ArrayList<>(value.size());
    value.forEach(list::add);
    return list;
  }

  /** What says null says nothing. */
  private @Nullable JsonNode value(String name) {
    JsonNode value = fields.get(name);
    return value == null || value.isNull() ? null : value;
  }
}
