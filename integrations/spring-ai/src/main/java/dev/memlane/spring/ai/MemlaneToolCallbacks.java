package dev.memlane.spring.ai;

import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.ToolCall;
import dev.memlane.lanes.ToolException;
import dev.memlane.lanes.ToolExecutor;
import dev.memlane.lanes.ToolResult;
import dev.memlane.memory.tools.MemoryTools;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.model.ToolContext;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.ToolCallbackProvider;
import org.springframework.ai.tool.definition.ToolDefinition;
import org.springframework.ai.tool.execution.ToolExecutionException;

/**
 * The {@linkplain MemoryTools memory tools} as tools of Spring AI, with their descriptions and schemas.
 *
 * <pre>{@code
 * MemlaneToolCallbacks tools = MemlaneToolCallbacks.of(MemoryTools.of(memory, Scope.user("ada")), lanes);
 * chatClient.prompt("What do you know about me?").toolCallbacks(tools).call().content();
 * }</pre>
 *
 * <p>
 * <b>Scope.</b> The application sets it, never the model: for all calls, or for each call by the tool context that it
 * passes with a request ({@link #scoped}).
 *
 * <p>
 * <b>Calls</b> run on lanes, one after the other as Spring AI makes them. The calling thread waits. A failed call ends
 * in a {@link ToolExecutionException} whose message tells the model what happened and what it can do, and nothing of the
 * system. Spring AI passes it to the model, or throws it, as its {@code ToolExecutionExceptionProcessor} says.
 *
 * <p>
 * Safe for use by several threads.
 */
public final class MemlaneToolCallbacks implements ToolCallbackProvider {

  /** The tools for the caller of one call. */
  @FunctionalInterface
  private interface Tools {
    ToolExecutor<String, String> in(@Nullable ToolContext context);
  }

  private final List<ToolCallback> callbacks;

  private MemlaneToolCallbacks(List<dev.memlane.memory.tools.ToolDefinition> definitions, Tools tools) {
    this.callbacks = definitions.stream().<ToolCallback>map(definition -> new Callback(definition, tools)).toList();
  }

  /**
   * The tools for the memories of one scope.
   *
   * @param lanes has the lanes {@code query} and {@code execute}, and is closed by the caller
   */
  public static MemlaneToolCallbacks of(MemoryTools tools, LaneExecutor lanes) {
    ToolExecutor<String, String> executor = tools.executor(lanes);
    return new MemlaneToolCallbacks(tools.definitions(), context -> executor);
  }

  /**
   * The tools for memories whose scope depends on the request.
   *
   * <pre>{@code
   * MemlaneToolCallbacks.scoped(memory, lanes, context -> Scope.user((String) context.getContext().get("user")))
   * chatClient.prompt(question).toolContext(Map.of("user", "ada")).call()
   * }</pre>
   *
   * @param memory stays open; the caller closes it
   * @param lanes has the lanes {@code query} and {@code execute}, and is closed by the caller
   * @param scopes gives the scope for a request's tool context. Asked in each call, in the calling thread
   */
  public static MemlaneToolCallbacks scoped(MemoryOrchestrator memory, LaneExecutor lanes,
      Function<ToolContext, Scope> scopes) {
    return scoped(scope -> MemoryTools.of(memory, scope), lanes, scopes);
  }

  /**
   * The tools for memories whose scope depends on the request, with settings of their own.
   *
   * @param tools makes the tools for a scope, with the same settings for every scope
   * @param lanes has the lanes that the tools need, and is closed by the caller
   * @param scopes gives the scope for a request's tool context. Asked in each call, in the calling thread
   */
  public static MemlaneToolCallbacks scoped(Function<Scope, MemoryTools> tools, LaneExecutor lanes,
      Function<ToolContext, Scope> scopes) {
    Objects.requireNonNull(scopes, "scopes");
    // The definitions are the same for every scope.
    return new MemlaneToolCallbacks(tools.apply(Scope.run("any")).definitions(), context -> {
      if (context == null) {
        throw new IllegalStateException(
            "the memory tools need a tool context, which says whose memories they are for: pass one with the request");
      }
      return tools.apply(scopes.apply(context)).executor(lanes);
    });
  }

  @Override
  public ToolCallback[] getToolCallbacks() {
    return callbacks.toArray(ToolCallback[]::new);
  }

  @Override
  public String toString() {
    return "MemlaneToolCallbacks[" + callbacks.size() + " tools]";
  }

  /** One tool. */
  private static final class Callback implements ToolCallback {

    private final ToolDefinition definition;
    private final Tools tools;

    Callback(dev.memlane.memory.tools.ToolDefinition tool, Tools tools) {
      this.definition = ToolDefinition.builder().name(tool.name()).description(tool.description())
          .inputSchema(tool.schema()).build();
      this.tools = tools;
    }

    @Override
    public ToolDefinition getToolDefinition() {
      return definition;
    }

    @Override
    public String call(String toolInput) {
      return call(toolInput, null);
    }

    @Override
    public String call(String toolInput, @Nullable ToolContext context) {
      ToolResult<String> result = run(toolInput, context);
      return switch (result) {
        case ToolResult.Success<String> success -> success.value();
        case ToolResult.Failure<String> failure ->
          throw new ToolExecutionException(definition, new ToolException(MemoryTools.text(failure), failure.failure()));
      };
    }

    private ToolResult<String> run(String toolInput, @Nullable ToolContext context) {
      try {
        return tools.in(context).run(List.of(new ToolCall<>("call", definition.name(), toolInput))).getFirst();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new ToolExecutionException(definition, new ToolException(
            "Error: the call was interrupted; it may have been done all the same: check before you try again", e));
      }
    }

    @Override
    public String toString() {
      return "MemlaneToolCallback[" + definition.name() + "]";
    }
  }
}
