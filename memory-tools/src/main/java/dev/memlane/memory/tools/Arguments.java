package dev.memlane.memory.tools;

import com.fasterxml.jackson.databind.JsonNode;
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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of one tool call. Each is read as the type that it should have, and a mismatch is reported to the
 * model.
 *
 * <p>
 * Mistakes that models make are accepted where the meaning is clear: a number or a boolean instead of a text and the
 * reverse, an object or a list written as JSON in a text, a name with underscores, and null for an absent value.
 */
final class Arguments {

  private static final Pattern SNAKE = Pattern.compile("_([a-z])");
  private static final Pattern SMALL_NUMBER = Pattern.compile("[0-9]{1,9}");

  private final ObjectNode fields;
  private final TimeParser times;

  /**
   * @param schema names the fields that are allowed
   * @throws ToolException if there are others
   */
  private Arguments(ObjectNode fields, JsonNode schema, TimeParser times) {
    this.fields = fields;
    this.times = times;
    JsonNode known = schema.path("properties");
    renameSnakes(known);
    fields.fieldNames().forEachRemaining(name -> {
      if (!known.has(name)) {
        List<String> names = new ArrayList<>();
        known.fieldNames().forEachRemaining(names::add);
        throw new ToolException(
            "there is no argument \"" + ModelJson.shown(name) + "\"; there are " + String.join(", ", names));
      }
    });
  }

  /** Accepts {@code as_of} for {@code asOf}, as many models write names. */
  private void renameSnakes(JsonNode known) {
    List<String> names = new ArrayList<>();
    fields.fieldNames().forEachRemaining(names::add);
    for (String name : names) {
      String camel = SNAKE.matcher(name).replaceAll(match -> match.group(1).toUpperCase(Locale.ROOT));
      if (!known.has(name) && known.has(camel) && !fields.has(camel)) {
        fields.set(camel, fields.remove(name));
      }
    }
  }

  /**
   * Reads the arguments of a call.
   *
   * @param json some models write nothing at all, or null, for an object without fields
   * @throws ToolException if it is not an object, or has fields that the schema does not name
   */
  static Arguments parse(@Nullable String json, JsonNode schema, TimeParser times) {
    return json == null || json.isBlank()
        ? new Arguments(JsonNodeFactory.instance.objectNode(), schema, times)
        : of(ModelJson.read(json), "the arguments", schema, times);
  }

  /**
   * The fields of a JSON object, as arguments.
   *
   * @param what the object in words, for messages
   * @throws ToolException if it is not an object, or has fields that the schema does not name
   */
  static Arguments of(JsonNode node, String what, JsonNode schema, TimeParser times) {
    JsonNode meant = ModelJson.unwrapped(node);
    if (meant.isNull()) {
      return new Arguments(JsonNodeFactory.instance.objectNode(), schema, times);
    }
    if (meant instanceof ObjectNode object) {
      return new Arguments(object, schema, times);
    }
    throw new ToolException(what + " must be a JSON object");
  }

  /** Whether there is such an argument, and it is not null. */
  boolean has(String name) {
    return value(name) != null;
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

  /** A whole number from 1 to {@code most}; {@code usual} if it is absent. */
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

  /** A point in time. A day stands for its beginning, midnight in UTC. */
  @Nullable
  Instant timeOrNull(String name) {
    String text = textOrNull(name);
    return text == null ? null : times.parse("\"" + name + "\"", text);
  }

  @Nullable
  Metadata metadataOrNull(String name) {
    ObjectNode object = objectOrNull(name);
    return object == null ? null : Metadata.of(MetadataValues.read(name, object));
  }

  @Nullable
  Filter filterOrNull(String name) {
    ObjectNode object = objectOrNull(name);
    return object == null ? null : MetadataValues.readFilter(name, object);
  }

  private @Nullable ObjectNode objectOrNull(String name) {
    JsonNode value = value(name);
    JsonNode meant = value == null ? null : ModelJson.unwrapped(value);
    if (meant == null || meant instanceof ObjectNode) {
      return (ObjectNode) meant;
    }
    throw new ToolException("\"" + name + "\" must be an object of names and values");
  }

  /** The elements of a list, at least one and at most {@code most}. */
  List<JsonNode> list(String name, int most) {
    JsonNode value = value(name);
    JsonNode meant = value == null ? null : ModelJson.unwrapped(value);
    if (meant == null || !meant.isArray() || meant.isEmpty() || meant.size() > most) {
      throw new ToolException("\"" + name + "\" must be a list of 1 to " + most + " objects");
    }
    List<JsonNode> list = new ArrayList<>(meant.size());
    meant.forEach(list::add);
    return list;
  }

  /** One of these, by its name. */
  <T> @Nullable T choiceOrNull(String name, Map<String, T> possible) {
    String text = textOrNull(name);
    T chosen = text == null ? null : possible.get(text);
    if (text != null && chosen == null) {
      throw new ToolException("\"" + name + "\" must be " + String.join(" or ", new TreeSet<>(possible.keySet())));
    }
    return chosen;
  }

  /** A list of some of these texts; empty if it is absent. */
  Set<String> choices(String name, Set<String> possible) {
    JsonNode value = value(name);
    Set<String> chosen = new TreeSet<>();
    if (value == null) {
      return chosen;
    }
    JsonNode meant = ModelJson.unwrapped(value);
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

  /** Returns the value; null if it is absent or null. */
  private @Nullable JsonNode value(String name) {
    JsonNode value = fields.get(name);
    return value == null || value.isNull() ? null : value;
  }
}
