package dev.memlane.memory.tools;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.TimeParser;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A reader of tool calls: it checks the arguments against the tool's schema and parses their times. */
final class CallReader {

  private final ToolDefinitions definitions = new ToolDefinitions();
  private final TimeParser times;

  CallReader(TimeParser times) {
    this.times = times;
  }

  List<ToolDefinition> definitions(boolean remembering) {
    return definitions.all(remembering);
  }

  /** Reads the arguments of a call to this tool. */
  Arguments arguments(String tool, @Nullable String json) {
    return Arguments.parse(json, definitions.schema(tool), times);
  }

  /** Reads one memory of a batch. */
  Arguments batchItem(JsonNode item) {
    JsonNode schema = definitions.schema("memory_add_batch").at("/properties/memories/items");
    return Arguments.of(item, "a memory", schema, times);
  }

  /** Reads one message of a call that has messages remembered. */
  Arguments message(JsonNode item) {
    JsonNode schema = definitions.schema(ToolDefinitions.REMEMBER).at("/properties/messages/items");
    return Arguments.of(item, "a message", schema, times);
  }

  /** Runs a call, and translates its failure for the model. */
  String run(String tool, @Nullable String json, Function<Arguments, String> work) {
    try {
      return work.apply(arguments(tool, json));
    } catch (MemlaneException e) {
      throw FailureMessages.translate(e);
    }
  }
}
