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

  /** The tool that there is only with a chat model. */
  static final String REMEMBER = "memory_remember";

  private record Definition(ToolDefinition tool, JsonNode schema) {}

  private final Map<String, Definition> byName = new LinkedHashMap<>();

  ToolDefinitions() {
    try (InputStream file = Objects.requireNonNull(ToolDefinitions.class.getResourceAsStream("definitions.json"))) {
      for (JsonNode tool : new ObjectMapper().readTree(file)) {
        ToolDefinition definition = definition(tool);
        byName.put(definition.name(), new Definition(definition, tool.required("parameters")));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("definitions.json can't be read from the class path", e);
    }
  }

  JsonNode schema(String tool) {
    return Objects.requireNonNull(byName.get(tool), tool).schema;
  }

  private static ToolDefinition definition(JsonNode tool) {
    JsonNode hints = tool.required("hints");
    return new ToolDefinition(tool.required("name").textValue(), tool.required("description").textValue(),
        tool.required("parameters").toString(), tool.required("title").textValue(), tool.required("result").toString(),
        hints.required("readOnly").booleanValue(), hints.required("destructive").booleanValue(),
        hints.required("idempotent").booleanValue());
  }

  /** @param remembering whether with the tool that needs a chat model */
  List<ToolDefinition> all(boolean remembering) {
    return byName.values().stream().map(Definition::tool)
        .filter(tool -> remembering || !tool.name().equals(REMEMBER)).toList();
  }
}
