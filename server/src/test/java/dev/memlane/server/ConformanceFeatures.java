package dev.memlane.server;

import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncCompletionSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncPromptSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncResourceSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncResourceTemplateSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncToolSpecification;
import io.modelcontextprotocol.spec.McpSchema.AudioContent;
import io.modelcontextprotocol.spec.McpSchema.BlobResourceContents;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.CompleteResult;
import io.modelcontextprotocol.spec.McpSchema.Content;
import io.modelcontextprotocol.spec.McpSchema.CreateMessageRequest;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.EmbeddedResource;
import io.modelcontextprotocol.spec.McpSchema.GetPromptRequest;
import io.modelcontextprotocol.spec.McpSchema.GetPromptResult;
import io.modelcontextprotocol.spec.McpSchema.ImageContent;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import io.modelcontextprotocol.spec.McpSchema.Prompt;
import io.modelcontextprotocol.spec.McpSchema.PromptArgument;
import io.modelcontextprotocol.spec.McpSchema.PromptMessage;
import io.modelcontextprotocol.spec.McpSchema.PromptReference;
import io.modelcontextprotocol.spec.McpSchema.ReadResourceResult;
import io.modelcontextprotocol.spec.McpSchema.Resource;
import io.modelcontextprotocol.spec.McpSchema.ResourceContents;
import io.modelcontextprotocol.spec.McpSchema.ResourceTemplate;
import io.modelcontextprotocol.spec.McpSchema.Role;
import io.modelcontextprotocol.spec.McpSchema.SamplingMessage;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.TextResourceContents;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import reactor.core.publisher.Mono;

/**
 * What the protocol's conformance suite expects of its test server: tools, resources and prompts with its own names. They are
 * added to the memory's, so the suite tests the transport, the gate and the sessions that clients of the memory meet.
 */
@SuppressWarnings("deprecation") // The suite asks for what later versions of the protocol have given up.
final class ConformanceFeatures {

  /** A red pixel. */
  private static final String PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
  /** Silence. */
  private static final String WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA==";
  private static final Duration STEP = Duration.ofMillis(50);

  private ConformanceFeatures() {}

  static McpServer.AsyncSpecification<?> addTo(McpServer.AsyncSpecification<?> server) {
    return server
        .capabilities(ServerCapabilities.builder().tools(false).resources(true, false).prompts(false).logging()
            .completions().build())
        .toolFilters(List::clear).tools(tools()).resources(resources()).resourceTemplates(template()).prompts(prompts())
        .completions(new AsyncCompletionSpecification(new PromptReference("test_prompt_with_arguments"),
            (exchange, request) -> Mono.just(
                new CompleteResult(new CompleteResult.CompleteCompletion(List.of("paris", "park"), 2, false)))));
  }

  // Tools

  private static List<AsyncToolSpecification> tools() {
    Content image = ImageContent.builder(PNG, "image/png").build();
    return List.of(
        answering("test_simple_text", text("This is a simple text response for testing.")),
        answering("test_image_content", image),
        answering("test_audio_content", AudioContent.builder(WAV, "audio/wav").build()),
        answering("test_embedded_resource",
            embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")),
        answering("test_multiple_content_types", text("Multiple content types test:"), image,
            embedded("test://mixed-content-resource", "application/json", "{\"test\":\"data\",\"value\":123}")),
        tool("test_error_handling", Map.of("type", "object"),
            (exchange, request) -> Mono.just(CallToolResult.builder()
                .addTextContent("This tool intentionally returns an error for testing").isError(true).build())),
        tool("test_tool_with_logging", Map.of("type", "object"), ConformanceFeatures::log),
        tool("test_tool_with_progress", Map.of("type", "object"), ConformanceFeatures::progress),
        tool("test_sampling", object(Map.of("prompt", Map.of("type", "string"))), ConformanceFeatures::sample),
        tool("test_elicitation", object(Map.of("message", Map.of("type", "string"))), ConformanceFeatures::ask),
        tool("test_elicitation_sep1034_defaults", Map.of("type", "object"),
            (exchange, request) -> elicited(exchange, "Please check these values", DEFAULTS)),
        tool("test_elicitation_sep1330_enums", Map.of("type", "object"),
            (exchange, request) -> elicited(exchange, "Please choose", ENUMS)),
        answering("json_schema_2020_12_tool", Map.of("$schema", "https://json-schema.org/draft/2020-12/schema", "type",
            "object", "$defs",
            Map.of("address", Map.of("type", "object", "properties",
                Map.of("street", Map.of("type", "string"), "city", Map.of("type", "string")))),
            "properties",
            Map.of("name", Map.of("type", "string"), "address", Map.of("$ref", "#/$defs/address")),
            "additionalProperties", false), text("done")));
  }

  private static AsyncToolSpecification tool(String name, Map<String, Object> schema,
      BiFunction<McpAsyncServerExchange, CallToolRequest, Mono<CallToolResult>> handler) {
    return AsyncToolSpecification.builder().tool(Tool.builder(name, schema).description("Of the suite.").build())
        .callHandler(handler).build();
  }

  private static AsyncToolSpecification answering(String name, Content... contents) {
    return answering(name, Map.of("type", "object"), contents);
  }

  private static AsyncToolSpecification answering(String name, Map<String, Object> schema, Content... contents) {
    return tool(name, schema,
        (exchange, request) -> Mono.just(CallToolResult.builder().content(List.of(contents)).build()));
  }

  private static Map<String, Object> object(Map<String, Object> properties) {
    return Map.of("type", "object", "properties", properties, "required", List.copyOf(properties.keySet()));
  }

  private static TextContent text(String text) {
    return TextContent.builder(text).build();
  }

  private static EmbeddedResource embedded(String uri, String type, String text) {
    return EmbeddedResource.builder(TextResourceContents.builder(uri, text).mimeType(type).build()).build();
  }

  private static Mono<CallToolResult> said(String text) {
    return Mono.just(CallToolResult.builder().addTextContent(text).build());
  }

  private static Mono<CallToolResult> log(McpAsyncServerExchange exchange, CallToolRequest request) {
    return logged(exchange, "Tool execution started").then(Mono.delay(STEP))
        .then(logged(exchange, "Tool processing data")).then(Mono.delay(STEP))
        .then(logged(exchange, "Tool execution completed")).then(said("logged"));
  }

  private static Mono<Void> logged(McpAsyncServerExchange exchange, String text) {
    return exchange.loggingNotification(LoggingMessageNotification.builder(LoggingLevel.INFO, text).build());
  }

  private static Mono<CallToolResult> progress(McpAsyncServerExchange exchange, CallToolRequest request) {
    Object token = request.progressToken();
    return at(exchange, token, 0).then(Mono.delay(STEP)).then(at(exchange, token, 50)).then(Mono.delay(STEP))
        .then(at(exchange, token, 100)).then(said("done"));
  }

  private static Mono<Void> at(McpAsyncServerExchange exchange, Object token, double progress) {
    return token == null
        ? Mono.empty()
        : exchange.progressNotification(new ProgressNotification(token, progress, 100.0, null));
  }

  private static Mono<CallToolResult> sample(McpAsyncServerExchange exchange, CallToolRequest request) {
    SamplingMessage asked = SamplingMessage.builder(Role.USER, text(String.valueOf(request.arguments().get("prompt"))))
        .build();
    return exchange.createMessage(CreateMessageRequest.builder(List.of(asked), 100).build()).flatMap(
        answer -> said("LLM response: " + (answer.content() instanceof TextContent text ? text.text() : "")));
  }

  private static Mono<CallToolResult> ask(McpAsyncServerExchange exchange, CallToolRequest request) {
    Map<String, Object> schema = object(
        Map.of("username", Map.of("type", "string", "description", "User's response"), "email",
            Map.of("type", "string", "description", "User's email address")));
    return exchange
        .createElicitation(ElicitRequest.builder(String.valueOf(request.arguments().get("message")), schema).build())
        .flatMap(answer -> said("User response: " + answer.action() + ", " + answer.content()));
  }

  private static Mono<CallToolResult> elicited(McpAsyncServerExchange exchange, String message,
      Map<String, Object> properties) {
    return exchange
        .createElicitation(
            ElicitRequest.builder(message, Map.of("type", "object", "properties", properties)).build())
        .flatMap(answer -> said("Elicitation completed: action=" + answer.action() + ", content=" + answer.content()));
  }

  private static final Map<String, Object> DEFAULTS = Map.of("name", Map.of("type", "string", "default", "John Doe"),
      "age", Map.of("type", "integer", "default", 30), "score", Map.of("type", "number", "default", 95.5), "status",
      Map.of("type", "string", "enum", List.of("active", "inactive", "pending"), "default", "active"), "verified",
      Map.of("type", "boolean", "default", true));

  private static final Map<String, Object> ENUMS = Map.of("untitledSingle",
      Map.of("type", "string", "enum", options("option")), "titledSingle",
      Map.of("type", "string", "oneOf", titled("Option")), "legacyEnum",
      Map.of("type", "string", "enum", options("opt"), "enumNames",
          List.of("Option One", "Option Two", "Option Three")),
      "untitledMulti", Map.of("type", "array", "items", Map.of("type", "string", "enum", options("option"))),
      "titledMulti", Map.of("type", "array", "items", Map.of("anyOf", titled("Choice"))));

  private static List<String> options(String name) {
    return List.of(name + "1", name + "2", name + "3");
  }

  private static List<Map<String, String>> titled(String name) {
    return Stream.of("First", "Second", "Third")
        .map(which -> Map.of("const", "value" + which, "title", which + " " + name)).toList();
  }

  // Resources

  private static List<AsyncResourceSpecification> resources() {
    return List.of(
        resource("test://static-text", "text/plain",
            TextResourceContents
                .builder("test://static-text", "This is the content of the static text resource.")
                .mimeType("text/plain").build()),
        resource("test://static-binary", "image/png",
            BlobResourceContents.builder("test://static-binary", PNG).mimeType("image/png").build()),
        resource("test://watched-resource", "text/plain",
            TextResourceContents.builder("test://watched-resource", "watched").mimeType("text/plain").build()));
  }

  private static AsyncResourceSpecification resource(String uri, String type, ResourceContents contents) {
    return new AsyncResourceSpecification(
        Resource.builder(uri, uri).description("Of the suite.").mimeType(type).build(),
        (exchange, request) -> Mono.just(ReadResourceResult.builder(List.of(contents)).build()));
  }

  private static List<AsyncResourceTemplateSpecification> template() {
    return List.of(new AsyncResourceTemplateSpecification(
        ResourceTemplate.builder("test://template/{id}/data", "template").description("Of the suite.")
            .mimeType("application/json").build(),
        (exchange, request) -> {
          String id = request.uri().split("/", -1)[3];
          return Mono.just(ReadResourceResult.builder(List.of(TextResourceContents.builder(request.uri(),
              "{\"id\":\"" + id + "\",\"templateTest\":true,\"data\":\"Data for ID: " + id + "\"}")
              .mimeType("application/json").build())).build());
        }));
  }

  // Prompts

  private static List<AsyncPromptSpecification> prompts() {
    return List.of(
        prompt("test_simple_prompt", List.of(), request -> List.of(text("This is a simple prompt for testing."))),
        prompt("test_prompt_with_arguments", List.of("arg1", "arg2"),
            request -> List.of(text("Prompt with arguments: arg1='" + request.arguments().get("arg1") + "', arg2='"
                + request.arguments().get("arg2") + "'"))),
        prompt("test_prompt_with_embedded_resource", List.of("resourceUri"),
            request -> List.of(
                embedded(String.valueOf(request.arguments().get("resourceUri")), "text/plain",
                    "Embedded resource content for testing."),
                text("Please process the embedded resource above."))),
        prompt("test_prompt_with_image", List.of(), request -> List.of(ImageContent.builder(PNG, "image/png").build(),
            text("Please analyze the image above."))));
  }

  private interface Messages {
    List<Content> of(GetPromptRequest request);
  }

  private static AsyncPromptSpecification prompt(String name, List<String> arguments, Messages messages) {
    return new AsyncPromptSpecification(
        Prompt.builder(name).description("Of the suite.")
            .arguments(arguments.stream()
                .map(argument -> PromptArgument.builder(argument).description("Of the suite.").required(true).build())
                .toList())
            .build(),
        (exchange, request) -> Mono.just(GetPromptResult.builder(messages.of(request).stream()
            .map(content -> PromptMessage.builder(Role.USER, content).build()).toList()).build()));
  }
}
