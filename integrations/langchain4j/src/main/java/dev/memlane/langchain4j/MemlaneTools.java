package dev.memlane.langchain4j;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.ToolCall;
import dev.memlane.lanes.ToolExecutor;
import dev.memlane.lanes.ToolResult;
import dev.memlane.memory.tools.MemoryTools;
import dev.memlane.memory.tools.ToolDefinition;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;

/**
 * The tools of a memory, in LangChain4j's terms.
 *
 * <pre>{@code
 * MemlaneTools tools = MemlaneTools.of(memory, lanes, Scope.user("ada"));
 * ChatRequest.builder().messages(messages).toolSpecifications(tools.specifications()).build();
 * messages.addAll(tools.execute(aiMessage.toolExecutionRequests()));
 * }</pre>
 *
 * <p>
 * The calls of one list run together on the lanes: those that may, at the same time; those that conflict, in their
 * order; see {@link ToolExecutor}. What fails is an error for the model ({@link ToolExecutionResultMessage#isError}),
 * with what it can do about it, and never an exception. For {@code AiServices} there is {@link MemlaneToolProvider}.
 * Safe for use by several threads.
 */
public final class MemlaneTools {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final List<ToolSpecification> specifications;
  private final ToolExecutor<String, String> executor;

  private MemlaneTools(MemoryTools tools, LaneExecutor lanes) {
    this.specifications = tools.definitions().stream().map(MemlaneTools::specification).toList();
    this.executor = tools.executor(lanes);
  }

  /**
   * The tools for the memories of one scope.
   *
   * @param memory stays open; the caller closes it
   * @param lanes has the lanes {@code query} and {@code execute}; the caller closes it
   */
  public static MemlaneTools of(MemoryOrchestrator memory, LaneExecutor lanes, Scope scope) {
    return of(MemoryTools.of(memory, scope), lanes);
  }

  /** These tools, which may have settings of their own. */
  public static MemlaneTools of(MemoryTools tools, LaneExecutor lanes) {
    return new MemlaneTools(tools, lanes);
  }

  private static ToolSpecification specification(ToolDefinition definition) {
    JsonNode schema;
    try {
      schema = JSON.readTree(definition.schema());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the schema of " + definition.name() + " is no JSON", e);
    }
    JsonObjectSchema.Builder parameters = JsonObjectSchema.builder()
        .additionalProperties(schema.path("additionalProperties").asBoolean(true));
    // As they are: LangChain4j's own classes have no place for limits of lengths and numbers.
    schema.path("properties").properties().forEach(
        property -> parameters.addProperty(property.getKey(), JsonRawSchema.from(property.getValue().toString())));
    List<String> required = new ArrayList<>();
    schema.path("required").forEach(name -> required.add(name.asText()));
    parameters.required(required);
    return ToolSpecification.builder().name(definition.name()).description(definition.description())
        .parameters(parameters.build()).build();
  }

  /** The names, descriptions and JSON schemas of the tools, for the model. */
  public List<ToolSpecification> specifications() {
    return specifications;
  }

  /**
   * Executes a model's calls together, and waits until all have ended.
   *
   * @param requests any calls; one of an unknown tool is an error for the model
   * @return the results, in the order of the calls
   * @throws CancellationException if this thread is interrupted, which stays noted; what has been written stays written
   */
  public List<ToolExecutionResultMessage> execute(List<ToolExecutionRequest> requests) {
    List<ToolCall<String>> calls = new ArrayList<>(requests.size());
    for (ToolExecutionRequest request : requests) {
      // Not the model's id, which some providers leave out; results come in the order of the calls.
      calls.add(new ToolCall<>(Integer.toString(calls.size()), request.name(),
          arguments(request)));
    }
    List<ToolExecutionResultMessage> messages = new ArrayList<>(requests.size());
    for (ToolResult<String> result : run(calls)) {
      ToolExecutionRequest request = requests.get(messages.size());
      messages.add(ToolExecutionResultMessage.builder().id(request.id()).toolName(request.name())
          .text(MemoryTools.text(result)).isError(result instanceof ToolResult.Failure).build());
    }
    return messages;
  }

  /** Some models send nothing for a tool without required arguments. */
  private static String arguments(ToolExecutionRequest request) {
    String given = request.arguments();
    return given == null || given.isBlank() ? "{}" : given;
  }

  private List<ToolResult<String>> run(List<ToolCall<String>> calls) {
    try {
      return executor.run(calls);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      CancellationException cancelled = new CancellationException("interrupted while tools were running");
      cancelled.initCause(e);
      throw cancelled;
    }
  }

  @Override
  public String toString() {
    return "Memlane" + executor;
  }
}
