package dev.memlane.memory.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.ToolCall;
import dev.memlane.lanes.ToolResult;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.storage.vector.LuceneVectorIndex;
import dev.memlane.testing.DoorStage;
import dev.memlane.testing.MemoryDoor;
import dev.memlane.testing.MemoryDoorContract;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;

/** The promises of a memory, as a model meets them in its tools. */
@Tag("programs")
class ToolsDoorTest extends MemoryDoorContract {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  /** The user whose write the contract leaves unsettled. */
  private static final Scope ADA = Scope.user("ada");

  @Override
  protected Map<Promise, String> inexpressible() {
    return Map.of(Promise.ERASURE_IS_COMPLETE, "a model deletes, and has no tool that erases histories");
  }

  @Override
  protected MemoryDoor open(DoorStage stage) {
    HashEmbedder embedder = new HashEmbedder();
    Database database = stage.closing(Database.builder(stage.databaseUrl(TABLES)).poolSize(5).open());
    MemoryOrchestrator memory = stage.closing(MemoryOrchestrator.builder().embedder(embedder)
        .stores(database.units(), PostgresCoreStore.open(database, embedder.model(), embedder.dimension()),
            new PostgresHistoryStore(database),
            stage.faulty(LuceneVectorIndex.builder(stage.directory()).model(embedder.model())
                .dimension(embedder.dimension()).open()))
        .open());
    return new ToolsDoor(memory, stage.closing(LaneExecutor.builder().build()));
  }

  private record ToolsDoor(MemoryOrchestrator memory, LaneExecutor lanes) implements MemoryDoor {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern UNSETTLED = Pattern.compile("not known yet whether memory (\\S+) was written");

    private ToolResult<String> call(Scope scope, String tool, Map<String, ?> arguments) {
      try {
        return MemoryTools.of(memory, scope).executor(lanes)
            .run(List.of(new ToolCall<>("1", tool, JSON.writeValueAsString(arguments)))).getFirst();
      } catch (JsonProcessingException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    private static JsonNode json(ToolResult<String> result) {
      assertThat(result).isInstanceOf(ToolResult.Success.class);
      try {
        return JSON.readTree(MemoryTools.text(result));
      } catch (JsonProcessingException e) {
        throw new IllegalStateException(e);
      }
    }

    private static Reported reported(ToolResult<String> result) {
      String text = MemoryTools.text(result);
      Matcher unsettled = UNSETTLED.matcher(text);
      if (unsettled.find()) {
        return new Reported(Report.UNSETTLED, MemoryId.parse(unsettled.group(1)), null);
      }
      return Reported.of(!(result instanceof ToolResult.Failure)
          ? text.contains("\"duplicate\"") ? Report.UNCHANGED : Report.STORED
          : text.contains("changed since it was read") ? Report.CONFLICT : Report.FAILED);
    }

    @Override
    public Reported store(Scope scope, String key, String text) {
      return reported(call(scope, "memory_add", Map.of("key", key, "content", text)));
    }

    @Override
    public String state(Scope scope, String key) {
      return json(call(scope, "memory_get", Map.of("id", MemoryId.derive(scope, key).toString()))).get("op").asText();
    }

    @Override
    public Reported replace(Scope scope, String key, String state, String text) {
      return reported(call(scope, "memory_update",
          Map.of("id", MemoryId.derive(scope, key).toString(), "content", text, "op", state)));
    }

    @Override
    public List<String> search(Scope scope, String query) {
      List<String> found = new ArrayList<>();
      json(call(scope, "memory_search", Map.of("query", query))).get("hits")
          .forEach(hit -> found.add(hit.get("content").asText()));
      return found;
    }

    /** The tool's advice to a model is to get the memory in a while. */
    @Override
    public boolean hasLanded(Reported unsettled) {
      return call(ADA, "memory_get",
          Map.of("id", String.valueOf(unsettled.memory()))) instanceof ToolResult.Success;
    }
  }
}
