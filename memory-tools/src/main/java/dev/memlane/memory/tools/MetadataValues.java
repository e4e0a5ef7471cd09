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
      JsonNode node = property.getValue();
      Object value = node.isArray() ? list(node) : scalar(node);
      if (value != null) {
        values.put(property.getKey(), value);
      } else if (!node.isNull()) {
        throw new ToolException("\"" + ModelJson.shown(property.getKey()) + "\" in \"" + argument
            + "\" must be a text, a number up to 2^53, a boolean, or a list of those");
      }
    });
    return values;
  }

  /**
   * Reads an object as a filter: metadata must have all of its values, and one value of each list.
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
    read(argument, object).forEach((key, value) -> all.add(value instanceof List<?> values
        ? new Filter.In(key, List.copyOf(values))
        : new Filter.Equal(key, value)));
    return all.size() == 1 ? all.getFirst() : new Filter.And(all);
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
