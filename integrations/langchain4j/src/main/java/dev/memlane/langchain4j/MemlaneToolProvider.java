package dev.memlane.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.invocation.InvocationContext;
import dev.langchain4j.service.tool.ToolExecutionResult;
import dev.langchain4j.service.tool.ToolExecutor;
import dev.langchain4j.service.tool.ToolProvider;
import dev.langchain4j.service.tool.ToolProviderRequest;
import dev.langchain4j.service.tool.ToolProviderResult;
import java.util.List;
import java.util.function.Function;

/**
 * The tools of a memory for {@code AiServices}, which the module {@code dev.langchain4j:langchain4j} has.
 *
 * <pre>{@code
 * AiServices.builder(Assistant.class).chatModel(model)
 *     .toolProvider(MemlaneToolProvider.of(MemlaneTools.of(memory, lanes, Scope.user("ada"))))
 * }</pre>
 *
 * <p>
 * {@code AiServices} executes the calls of one message one by one, in their order, each on its lane. Do not set
 * {@code executeToolsConcurrently}, which keeps no order; a loop of your own with {@link MemlaneTools#execute} runs the
 * calls together and keeps it. Safe for use by several threads if the function is.
 */
public final class MemlaneToolProvider implements ToolProvider {

  private final Function<ToolProviderRequest, MemlaneTools> tools;

  private MemlaneToolProvider(Function<ToolProviderRequest, MemlaneTools> tools) {
    this.tools = tools;
  }

  /** A provider of the same tools for every request. */
  public static MemlaneToolProvider of(MemlaneTools tools) {
    return of(request -> tools);
  }

  /** A provider that asks a function for the tools of a request, such as those of its user. */
  public static MemlaneToolProvider of(Function<ToolProviderRequest, MemlaneTools> tools) {
    return new MemlaneToolProvider(tools);
  }

  @Override
  public ToolProviderResult provideTools(ToolProviderRequest request) {
    MemlaneTools provided = tools.apply(request);
    ToolProviderResult.Builder result = ToolProviderResult.builder();
    for (ToolSpecification specification : provided.specifications()) {
      result.add(specification, new Call(provided));
    }
    return result.build();
  }

  private record Call(MemlaneTools tools) implements ToolExecutor {

    @Override
    public String execute(ToolExecutionRequest request, Object memoryId) {
      return executed(request).text();
    }

    @Override
    public ToolExecutionResult executeWithContext(ToolExecutionRequest request, InvocationContext context) {
      ToolExecutionResultMessage message = executed(request);
      return ToolExecutionResult.builder().resultText(message.text())
          .isError(Boolean.TRUE.equals(message.isError())).build();
    }

    private ToolExecutionResultMessage executed(ToolExecutionRequest request) {
      return tools.execute(List.of(request)).getFirst();
    }
  }
}
