package dev.memlane.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.model.Scope;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The SDK's own client of a server under test. */
final class McpTestClient {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private McpTestClient() {}

  /** A client that is initialized, over HTTP. */
  static McpSyncClient over(URI server, Map<String, String> headers) {
    McpSyncClient client = McpClient.sync(HttpClientStreamableHttpTransport.builder(server.toString()).endpoint("/mcp")
        .addHttpRequestCustomizer((request, method, uri, body, context) -> headers.forEach(request::setHeader)).build())
        .requestTimeout(PATIENCE).initializationTimeout(PATIENCE).build();
    client.initialize();
    return client;
  }

  /** The headers that name a scope. */
  static Map<String, String> headers(Scope scope) {
    Map<String, String> headers = new LinkedHashMap<>();
    put(headers, "Memlane-User", scope.user());
    put(headers, "Memlane-Agent", scope.agent());
    put(headers, "Memlane-Run", scope.run());
    return headers;
  }

  private static void put(Map<String, String> headers, String name, @Nullable String value) {
    if (value != null) {
      headers.put(name, URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20"));
    }
  }

  /** The headers that present an API key. */
  static Map<String, String> key(String key) {
    return new LinkedHashMap<>(Map.of("Authorization", "Bearer " + key));
  }

  static CallToolResult call(McpSyncClient client, String tool, Map<String, Object> arguments) {
    return client.callTool(CallToolRequest.builder(tool).arguments(arguments).build());
  }

  static String text(CallToolResult result) {
    return ((TextContent) result.content().getFirst()).text();
  }

  static JsonNode structured(CallToolResult result) {
    return JSON.valueToTree(result.structuredContent());
  }
}
