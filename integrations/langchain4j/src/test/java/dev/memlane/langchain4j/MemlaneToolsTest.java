package dev.memlane.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.memory.tools.MemoryTools;
import dev.memlane.memory.tools.ToolDefinition;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("programs")
class MemlaneToolsTest {

  private static final Scope ADA = Scope.user("ada");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir
  private Path directory;

  private MemoryOrchestrator memory;
  private LaneExecutor lanes;
  private MemlaneTools tools;

  @BeforeEach
  void open() {
    memory = TestMemories.open(directory);
    lanes = LaneExecutor.builder().build();
    tools = MemlaneTools.of(memory, lanes, ADA);
  }

  @AfterEach
  void close() {
    lanes.close();
    memory.close();
  }

  private static ToolExecutionRequest request(String id, String name, String arguments) {
    return ToolExecutionRequest.builder().id(id).name(name).arguments(arguments).build();
  }

  @Test
  void specifications_haveTheSchemasOfTheTools() throws Exception {
    List<ToolDefinition> definitions = MemoryTools.of(memory, ADA).definitions();

    assertThat(tools.specifications()).hasSameSizeAs(definitions);
    for (int i = 0; i < definitions.size(); i++) {
      ToolSpecification specification = tools.specifications().get(i);
      assertThat(specification.name()).isEqualTo(definitions.get(i).name());
      assertThat(specification.description()).isEqualTo(definitions.get(i).description());
      ObjectNode schema = (ObjectNode) JSON.readTree(definitions.get(i).schema());
      // LangChain4j keeps it, and writes it for strict models only.
      assertThat(specification.parameters().additionalProperties())
          .isEqualTo(schema.remove("additionalProperties").asBoolean());
      if (!schema.has("required")) {
        // LangChain4j always writes it. An empty list means the same.
        schema.putArray("required");
      }
      assertThat(JSON.<JsonNode>valueToTree(JsonSchemaElementUtils.toMap(specification.parameters())))
          .as(specification.name()).isEqualTo(schema);
    }
  }

  @Test
  void execute_ofAList_keepsTheOrderOfCallsThatConflict() {
    List<ToolExecutionRequest> requests = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      requests.add(request("add-" + i, "memory_add", "{\"content\": \"Ada plays instrument " + i + "\"}"));
    }
    requests.add(request("search", "memory_search", "{\"query\": \"what does Ada play?\", \"limit\": 100}"));

    List<ToolExecutionResultMessage> results = tools.execute(requests);

    assertThat(results).extracting(ToolExecutionResultMessage::id)
        .containsExactlyElementsOf(requests.stream().map(ToolExecutionRequest::id).toList());
    assertThat(results).noneMatch(result -> Boolean.TRUE.equals(result.isError()));
    assertThat(results.getLast().text().split("\"content\"")).as("all that was added before").hasSize(21);
  }

  @Test
  void execute_ofWhatFails_isAnErrorForTheModel() {
    List<ToolExecutionResultMessage> results = tools
        .execute(List.of(request("1", "memory_get", "{\"id\": \"no idea\"}"),
            request("2", "no_such_tool", "{}"), request("3", "memory_add", "{\"content\": \"Ada plays the oboe\"}"),
            ToolExecutionRequest.builder().name("memory_list").build()));

    assertThat(results).extracting(ToolExecutionResultMessage::isError).containsExactly(true, true, false, false);
    assertThat(results.get(0).text()).startsWith("Error: ").contains("no memory id");
    assertThat(results.get(1).text()).contains("no_such_tool");
    assertThat(results.get(3).text()).contains("Ada plays the oboe");
    assertThat(tools.execute(List.of())).isEmpty();
  }
}
