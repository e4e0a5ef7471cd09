package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.testing.DoorStage;
import dev.memlane.testing.MemoryDoor;
import dev.memlane.testing.MemoryDoorContract;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;

/** The promises of a memory, through the Model Context Protocol. */
@Tag("programs")
class McpDoorTest extends MemoryDoorContract {

  @Override
  protected Map<Promise, String> inexpressible() {
    return Map.of(Promise.ERASURE_IS_COMPLETE, "a model deletes, and has no tool that erases histories");
  }

  @Override
  protected MemoryDoor open(DoorStage stage) {
    return new McpDoor(stage, ServerStage.over(stage, settings -> settings), new HashMap<>());
  }

  /** Each scope has a client of its own, whose configuration names the scope. */
  private record McpDoor(DoorStage stage, MemlaneServer server, Map<Scope, McpSyncClient> clients)
      implements
        MemoryDoor {

    private static final Scope ADA = Scope.user("ada");
    private static final Pattern UNSETTLED = Pattern.compile("not known yet whether memory (\\S+) was written");

    private CallToolResult call(Scope scope, String tool, Map<String, Object> arguments) {
      McpSyncClient client = clients.computeIfAbsent(scope,
          named -> stage.closing(McpTestClient.over(server.uri(), McpTestClient.headers(named))));
      return McpTestClient.call(client, tool, arguments);
    }

    private static Reported reported(CallToolResult result) {
      String text = McpTestClient.text(result);
      Matcher unsettled = UNSETTLED.matcher(text);
      if (unsettled.find()) {
        return new Reported(Report.UNSETTLED, MemoryId.parse(unsettled.group(1)), null);
      }
      return Reported.of(!result.isError()
          ? text.contains("\"duplicate\"") ? Report.UNCHANGED : Report.STORED
          : text.contains("changed since it was read") ? Report.CONFLICT : Report.FAILED);
    }

    @Override
    public Reported store(Scope scope, String key, String text) {
      return reported(call(scope, "memory_add", Map.of("key", key, "content", text)));
    }

    @Override
    public String state(Scope scope, String key) {
      return structured(call(scope, "memory_get", Map.of("id", MemoryId.derive(scope, key).toString()))).path("op")
          .textValue();
    }

    @Override
    public Reported replace(Scope scope, String key, String state, String text) {
      return reported(call(scope, "memory_update",
          Map.of("id", MemoryId.derive(scope, key).toString(), "content", text, "op", state)));
    }

    @Override
    public List<String> search(Scope scope, String query) {
      JsonNode hits = structured(call(scope, "memory_search", Map.of("query", query))).path("hits");
      return StreamSupport.stream(hits.spliterator(), false).map(hit -> hit.path("content").textValue()).toList();
    }

    private static JsonNode structured(CallToolResult result) {
      assertThat(result.isError()).as(McpTestClient.text(result)).isFalse();
      return McpTestClient.structured(result);
    }

    /** The tool's advice to a model is to get the memory in a while. */
    @Override
    public boolean hasLanded(Reported unsettled) {
      return !call(ADA, "memory_get", Map.of("id", String.valueOf(unsettled.memory()))).isError();
    }
  }
}
