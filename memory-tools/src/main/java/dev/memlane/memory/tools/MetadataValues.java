package dev.memlane.memory.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.lanes.ToolException;
import dev.memlane.model.Filter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Metadata values in JSON: texts, numbers, booleans, and lists of those, by name. Null stands for an absent value. */
final class MetadataValues {

  private static final long LARGEST_WHOLE = 1L << 53;
  private static final int MOST_CONDITIONS = 100;
  /** The name of the condition that a text contains another. */
  private static final String CONTAINS = "contains";

  private MetadataValues() {}

  /**
   * Reads the values of an object.
   *
   * @param argument the argument's name, for messages
   * @throws ToolException if a value has another type
   */
  static Map<String, Object> read(String argument, ObjectNode object) {
    Map<String, Object> values = new LinkedHashMap<>();
    object.properties().forEach(property -> {
      Object value = value(property.getValue());
      if (value != null) {
        values.put(property.getKey(), value);
      } else if (!property.getValue().isNull()) {
        throw new ToolException(shown(argument, property.getKey())
            + " must be a text, a number up to 2^53, a boolean, or a list of those");
      }
    });
    return values;
  }

  /**
   * Reads an object as a filter: metadata must have all of its values, one value of each list, and a text that contains the
   * one of each {@code {"contains": "text"}}.
   *
   * @throws ToolException if a value has another type, or there are more than {@value #MOST_CONDITIONS}
   */
  static @Nullable Filter readFilter(String argument, ObjectNode object) {
    if (object.isEmpty()) {
      return null;
    }
    if (object.size() > MOST_CONDITIONS) {
      throw new ToolException("\"" + argument + "\" has " + object.size() + " names; at most " + MOST_CONDITIONS);
    }
    List<Filter> all = new ArrayList<>();
    object.properties().forEach(property -> {
      if (!property.getValue().isNull()) {
        all.add(condition(argument, property.getKey(), property.getValue()));
      }
    });
    return all.size() == 1 ? all.getFirst() : new Filter.And(all);
  }

  private static Filter condition(String argument, String name, JsonNode node) {
    if (node.size() == 1 && node.path(CONTAINS).isTextual()) {
      return Filter.contains(name, node.path(CONTAINS).textValue());
    }
    return switch (value(node)) {
      case List<?> values -> new Filter.In(name, List.copyOf(values));
      case Object value -> Filter.equal(name, value);
      case null -> throw new ToolException(shown(argument, name)
          + " must be a text, a number up to 2^53, a boolean, a list of those, or {\"contains\": \"text\"}");
    };
  }

  private static String shown(String argument, String name) {
    return "\"" + ModelJson.shown(name) + "\" in \"" + argument + "\"";
  }

  private static @Nullable Object value(JsonNode node) {
    return node.isArray() ? list(node) : scalar(node);
  }

  /** Returns the elements; null if one has another type, or if all of several are null. */
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

  /** Returns the value; null if it is null or has another type. */
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
}
