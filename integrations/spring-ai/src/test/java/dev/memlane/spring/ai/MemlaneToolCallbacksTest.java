package dev.memlane.spring.ai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.memory.tools.MemoryTools;
import dev.memlane.memory.tools.ToolDefinition;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.AssistantMessage.ToolCall;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage.ToolResponse;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.model.ToolContext;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.model.tool.ToolCallingManager;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.execution.ToolExecutionException;

@Tag("programs")
class MemlaneToolCallbacksTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path directory;
  private MemoryOrchestrator memory;
  private LaneExecutor lanes;

  @BeforeEach
  void open() {
    memory = MemoryOrchestrator.builder().postgres(TestServer.freshDatabase(TABLES), null, null)
        .indexDirectory(directory)
        .embedder(new HashEmbedder()).open();
    lanes = LaneExecutor.builder().build();
  }

  @AfterEach
  void close() {
    lanes.close();
    memory.close();
  }

  private MemlaneToolCallbacks ofAda() {
    return MemlaneToolCallbacks.of(MemoryTools.of(memory, ADA), lanes);
  }

  private static ToolCallback tool(MemlaneToolCallbacks tools, String name) {
    return Stream.of(tools.getToolCallbacks()).filter(tool -> tool.getToolDefinition().name().equals(name)).findFirst()
        .orElseThrow();
  }

  @Test
  void definitions_areThoseOfTheTools_withTheirSchemas() throws Exception {
    List<ToolDefinition> expected = MemoryTools.of(memory, ADA).definitions();

    ToolCallback[] callbacks = ofAda().getToolCallbacks();

    assertThat(callbacks).extracting(callback -> callback.getToolDefinition().name())
        .isEqualTo(expected.stream().map(ToolDefinition::name).toList());
    for (int i = 0; i < callbacks.length; i++) {
      assertThat(callbacks[i].getToolDefinition().description()).isEqualTo(expected.get(i).description());
      assertThat(callbacks[i].getToolDefinition().inputSchema()).isEqualTo(expected.get(i).schema());
      new ObjectMapper().readTree(callbacks[i].getToolDefinition().inputSchema()).required("properties");
    }
    assertThat(callbacks).hasSizeGreaterThan(5);
  }

  @Test
  void call_runsTheTool() {
    assertThat(tool(ofAda(), "memory_add").call("{\"content\": \"Ada plays the oboe\"}")).contains("stored");

    assertThat(tool(ofAda(), "memory_search").call("{\"query\": \"oboe\"}")).contains("Ada plays the oboe");
    assertThat(memory.count(ADA, null).join()).isEqualTo(1);
  }

  @Test
  void callThatFails_isASpringToolFailure_inWordsForTheModel() {
    assertThatThrownBy(() -> tool(ofAda(), "memory_add").call("{\"key\": \"k\"}"))
        .isInstanceOfSatisfying(ToolExecutionException.class, e -> {
          assertThat(e.getToolDefinition().name()).isEqualTo("memory_add");
          assertThat(e).hasMessageStartingWith("Error: ");
          assertThat(e.getCause()).isInstanceOf(RuntimeException.class);
        });
    assertThatThrownBy(() -> tool(ofAda(), "memory_get").call("{\"id\": \"0198c5a2-7c1e-7a50-9d53-0242ac120002\"}"))
        .isInstanceOf(ToolExecutionException.class).hasMessageContaining("no memory");
  }

  @Test
  void interrupt_endsTheCall_andStays() {
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(() -> tool(ofAda(), "memory_search").call("{\"query\": \"oboe\"}"))
          .isInstanceOf(ToolExecutionException.class).hasMessageContaining("interrupted");
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void scopedCalls_takeTheirScopeFromTheToolContext() {
    MemlaneToolCallbacks tools = MemlaneToolCallbacks.scoped(memory, lanes,
        context -> Scope.user(String.valueOf(context.getContext().get("user"))));
    ToolContext ada = new ToolContext(Map.of("user", "ada"));
    ToolContext ben = new ToolContext(Map.of("user", "ben"));

    tool(tools, "memory_add").call("{\"content\": \"Ada plays the oboe\"}", ada);

    assertThat(tool(tools, "memory_search").call("{\"query\": \"oboe\"}", ada)).contains("Ada plays the oboe");
    assertThat(tool(tools, "memory_search").call("{\"query\": \"oboe\"}", ben)).doesNotContain("oboe");
    assertThatThrownBy(() -> tool(tools, "memory_search").call("{\"query\": \"oboe\"}"))
        .isInstanceOf(IllegalStateException.class).hasMessageContaining("tool context");
  }

  /** As a chat client of Spring AI runs the calls of a model. */
  @Test
  void toolCallingManager_runsCalls_andPassesFailuresToTheModel() {
    ToolCallingChatOptions options = ToolCallingChatOptions.builder().toolCallbacks(ofAda().getToolCallbacks()).build();
    AssistantMessage calls = AssistantMessage.builder().content("")
        .toolCalls(List.of(new ToolCall("1", "function", "memory_add", "{\"content\": \"Ada plays the oboe\"}"),
            new ToolCall("2", "function", "memory_search", "{\"query\": \"oboe\"}"),
            new ToolCall("3", "function", "memory_add", "{}")))
        .build();

    var result = ToolCallingManager.builder().build().executeToolCalls(
        new Prompt(List.of(new UserMessage("I play the oboe")), options),
        new ChatResponse(List.of(new Generation(calls))));

    List<ToolResponse> responses = ((ToolResponseMessage) result.conversationHistory().getLast()).getResponses();
    assertThat(responses).extracting(ToolResponse::id).containsExactly("1", "2", "3");
    assertThat(responses.get(0).responseData()).contains("stored");
    assertThat(responses.get(1).responseData()).contains("Ada plays the oboe");
    assertThat(Objects.requireNonNull(responses.get(2).responseData())).contains("Error: ").contains("content");
  }
}
