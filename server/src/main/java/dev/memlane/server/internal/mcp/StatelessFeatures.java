package dev.memlane.server.internal.mcp;

import dev.memlane.memory.tools.ToolDefinition;
import dev.memlane.server.internal.mcp.ToolCalls.Answer;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator.ValidationResponse;
import io.modelcontextprotocol.modern.McpException;
import io.modelcontextprotocol.modern.McpSchema;
import io.modelcontextprotocol.modern.McpSchema.CacheScope;
import io.modelcontextprotocol.modern.McpSchema.CallToolResult;
import io.modelcontextprotocol.modern.McpSchema.GetPromptResult;
import io.modelcontextprotocol.modern.McpSchema.Implementation;
import io.modelcontextprotocol.modern.McpSchema.Prompt;
import io.modelcontextprotocol.modern.McpSchema.PromptArgument;
import io.modelcontextprotocol.modern.McpSchema.PromptMessage;
import io.modelcontextprotocol.modern.McpSchema.ReadResourceResult;
import io.modelcontextprotocol.modern.McpSchema.Resource;
import io.modelcontextprotocol.modern.McpSchema.ResourceTemplate;
import io.modelcontextprotocol.modern.McpSchema.TextContent;
import io.modelcontextprotocol.modern.McpSchema.TextResourceContents;
import io.modelcontextprotocol.modern.McpSchema.Tool;
import io.modelcontextprotocol.modern.McpSchema.ToolAnnotations;
import io.modelcontextprotocol.modern.server.McpRequestContext;
import io.modelcontextprotocol.modern.server.McpServer;
import io.modelcontextprotocol.modern.server.McpSyncResponse;
import io.modelcontextprotocol.modern.server.feature.McpSyncPrompt;
import io.modelcontextprotocol.modern.server.feature.McpSyncPromptRepository;
import io.modelcontextprotocol.modern.server.feature.McpSyncResource;
import io.modelcontextprotocol.modern.server.feature.McpSyncResourceRepository;
import io.modelcontextprotocol.modern.server.feature.McpSyncResourceTemplate;
import io.modelcontextprotocol.modern.server.feature.McpSyncTool;
import io.modelcontextprotocol.modern.server.feature.McpSyncToolRepository;
import io.modelcontextprotocol.modern.server.feature.PromptsFeature;
import io.modelcontextprotocol.modern.server.feature.PromptsPage;
import io.modelcontextprotocol.modern.server.feature.ResourceTemplatesPage;
import io.modelcontextprotocol.modern.server.feature.ResourcesFeature;
import io.modelcontextprotocol.modern.server.feature.ResourcesPage;
import io.modelcontextprotocol.modern.server.feature.ToolsFeature;
import io.modelcontextprotocol.modern.server.feature.ToolsPage;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The same as {@link McpFeatures}, for the protocol without sessions (of 2026-07-28), which has types of its own. Its
 * handlers run on the threads of the requests, which may block. Safe for use by several threads.
 */
final class StatelessFeatures {

  private final McpFeatures features;
  private final McpJson json;

  StatelessFeatures(McpFeatures features, McpJson json) {
    this.features = features;
    this.json = json;
  }

  McpServer server(String version) {
    return McpServer.builder().serverInfo(Implementation.builder("memlane", version).build())
        .instructions(McpFeatures.INSTRUCTIONS).jsonMapper(json.mapper())
        // The tools check their arguments themselves: they accept what is clear, and explain the rest better.
        .feature(ToolsFeature.ofSync(new Tools(), json.mapper(), (schema, value) -> ValidationResponse.asValid(null), 0,
            CacheScope.PRIVATE))
        .feature(ResourcesFeature.ofSync(new Resources())).feature(PromptsFeature.ofSync(new Prompts())).build();
  }

  private McpCaller caller(McpRequestContext context) {
    return features.caller(context.transportContext().get(McpFeatures.CALLER));
  }

  /** Waits for an answer. An interrupt ends the request. */
  private static Answer await(Waiting waiting) {
    try {
      return waiting.answer();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new McpException(McpSchema.ErrorCodes.INTERNAL_ERROR, "the server is being stopped");
    }
  }

  @FunctionalInterface
  private interface Waiting {
    Answer answer() throws InterruptedException;
  }

  private final class Tools implements McpSyncToolRepository {

    @Override
    public ToolsPage list(McpRequestContext context, @Nullable String cursor) {
      return ToolsPage.of(features.tools(caller(context)).stream().map(this::described).toList());
    }

    @Override
    public @Nullable McpSyncTool find(McpRequestContext context, String name) {
      return features.tools(caller(context)).stream().filter(tool -> tool.name().equals(name)).findFirst()
          .map(tool -> McpSyncTool.of(described(tool), (of, request) -> {
            Map<String, Object> arguments = request.arguments() == null ? Map.of() : request.arguments();
            return of.progressToken() == null
                ? McpSyncResponse.result(result(await(() -> features.answer(caller(of), name, arguments))))
                : McpSyncResponse.streaming(notifier -> result(await(() -> features.answer(caller(of), name, arguments,
                    beats -> notifier.progress(beats, null, BlockingWork.GOES_ON)))));
          })).orElse(null);
    }

    private Tool described(ToolDefinition tool) {
      return Tool.builder(tool.name(), features.schema(tool)).title(tool.title()).description(tool.description())
          .outputSchema(json.object(tool.resultSchema()))
          .annotations(ToolAnnotations.builder().title(tool.title()).readOnlyHint(tool.readOnly())
              .destructiveHint(tool.destructive()).idempotentHint(tool.idempotent()).openWorldHint(false).build())
          .build();
    }

    private CallToolResult result(Answer answer) {
      CallToolResult.Builder result = CallToolResult.builder()
          .content(List.of(TextContent.builder(answer.text()).build())).isError(answer.failed());
      return answer.failed() ? result.build() : result.structuredContent(json.object(answer.text())).build();
    }
  }

  private final class Resources implements McpSyncResourceRepository {

    @Override
    public ResourcesPage list(McpRequestContext context, @Nullable String cursor) {
      return ResourcesPage.of(List.of(Resource.builder(McpFeatures.RECENT, "recent").title("Recent memories")
          .mimeType(McpFeatures.JSON_TYPE).description(McpFeatures.ABOUT_RECENT).build()));
    }

    @Override
    public ResourceTemplatesPage listTemplates(McpRequestContext context, @Nullable String cursor) {
      ResourceTemplate one = ResourceTemplate.builder(McpFeatures.MEMORY + "{id}", "memory").title("A memory")
          .mimeType(McpFeatures.JSON_TYPE).description(McpFeatures.ABOUT_MEMORY).build();
      ResourceTemplate ofUser = ResourceTemplate.builder(McpFeatures.OF_USER + "{user}/recent", "recent-of-user")
          .title("A user's recent memories").mimeType(McpFeatures.JSON_TYPE).description(McpFeatures.ABOUT_RECENT)
          .build();
      return ResourceTemplatesPage.of(features.options().modelNamesUser() ? List.of(one, ofUser) : List.of(one));
    }

    @Override
    public @Nullable McpSyncResource find(McpRequestContext context, String uri) {
      return McpSyncResource.of((of, request) -> {
        Answer answer = await(() -> features.resource(caller(of), uri));
        if (answer.failed()) {
          throw McpException.invalidParams(answer.text(), Map.of("uri", uri));
        }
        return McpSyncResponse.result(ReadResourceResult.builder(List.of(
            TextResourceContents.builder(uri, answer.text()).mimeType(McpFeatures.JSON_TYPE).build())).build());
      });
    }

    @Override
    public @Nullable McpSyncResourceTemplate findTemplate(McpRequestContext context, String uri) {
      return null;
    }
  }

  private final class Prompts implements McpSyncPromptRepository {

    private final Prompt recall = Prompt.builder("recall").title("Recall").description(McpFeatures.ABOUT_RECALL)
        .arguments(List.of(PromptArgument.builder(McpFeatures.ABOUT).title("About").description("What to recall.")
            .required(true).build()))
        .build();
    private final Prompt remember = Prompt.builder("remember").title("Remember this conversation")
        .description(McpFeatures.ABOUT_REMEMBER).build();

    @Override
    public PromptsPage list(McpRequestContext context, @Nullable String cursor) {
      return PromptsPage.of(features.options().readOnly() ? List.of(recall) : List.of(recall, remember));
    }

    @Override
    public @Nullable McpSyncPrompt find(McpRequestContext context, String name) {
      return switch (name) {
        case "recall" -> McpSyncPrompt.of(recall, (of, request) -> {
          Answer recalled = await(() -> features.recalled(caller(of),
              request.arguments() == null ? null : request.arguments().get(McpFeatures.ABOUT)));
          if (recalled.failed()) {
            throw McpException.invalidParams(recalled.text());
          }
          return McpSyncResponse.result(prompt(recalled.text()));
        });
        case "remember" -> McpSyncPrompt.of(remember,
            (of, request) -> McpSyncResponse.result(prompt(McpFeatures.REMEMBER)));
        default -> null;
      };
    }

    private GetPromptResult prompt(String text) {
      return GetPromptResult.builder(List.of(PromptMessage.builder(McpSchema.Role.USER,
          TextContent.builder(text).build()).build())).build();
    }
  }
}
