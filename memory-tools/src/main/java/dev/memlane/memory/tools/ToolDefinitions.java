package dev.memlane.memory.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The descriptions of the tools in {@code definitions.json}. */
final class ToolDefinitions {

  private record Definition(String description, JsonNode schema) {}

  private final Map<String, Definition> byName = new LinkedHashMap<>();

  ToolDefinitions() {
    try (InputStream file = Objects.requireNonNull(ToolDefinitions.class.getResourceAsStream("definitions.json"))) {
      for (JsonNode tool : new ObjectMapper().readTree(file)) {
        byName.put(tool.required("name").textValue(),
            new Definition(tool.required("description").textValue(), tool.required("parameters")));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("definitions.json can't be read from the class path", e);
    }
  }

  JsonNode schema(String tool) {
    return Objects.requireNonNull(byName.get(tool), tool).schema;
  }

  List<ToolDefinition> all() {
    return byName.entrySet().stream().map(entry -> new ToolDefinition(entry.getKey(), entry.getValue().description,
        entry.getValue().schema.toString())).toList();
  }
}
