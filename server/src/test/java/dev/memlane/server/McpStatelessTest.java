package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.memory.tools.ToolDefinition;
import dev.memlane.model.Scope;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.modern.McpException;
import io.modelcontextprotocol.modern.McpSchema.CallToolResult;
import io.modelcontextprotocol.modern.McpSchema.TextContent;
import io.modelcontextprotocol.modern.McpSchema.TextResourceContents;
import io.modelcontextprotocol.modern.McpSchema.Tool;
import io.modelcontextprotocol.modern.client.McpClient;
import io.modelcontextprotocol.modern.client.McpSyncClient;
import io.modelcontextprotocol.modern.client.transport.HttpClientMcpTransport;
import io.modelcontextprotocol.modern.client.transport.McpHttpRequestCustomizer;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The protocol without sessions, of 2026-07-28, with the SDK's client for it. */
@Tag("programs")
class McpStatelessTest {

  @TempDir
  static Path directory;

  private static ServerStage stage;

  @BeforeAll
  static void start() {
    stage = new ServerStage(directory, settings -> settings);
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  private static McpSyncClient client(Role role) {
    String key = stage.keys().create("key " + stage.keys().list().size(), role,
        new Grant.Scopes(List.of(Scope.user("ada"))), null);
    return McpClient.sync(HttpClientMcpTransport.builder(stage.server().uri().resolve("/mcp"))
        .jsonMapper(McpJsonDefaults.getMapper()).clientBuilder(HttpClient.newBuilder())
        .requestCustomizer(McpHttpRequestCustomizer
            .fromSync((request, headers, context) -> headers.set("Authorization", "Bearer " + key)))
        .build()).build();
  }

  private static String text(CallToolResult result) {
    return ((TextContent) result.content().getFirst()).text();
  }

  @Test
  void client_discoversCallsReadsAndAsksForPrompts() {
    McpSyncClient client = client(Role.WRITE);

    assertThat(client.discover().supportedVersions()).containsExactly("2026-07-28");
    assertThat(client.listTools().list().tools()).extracting(Tool::name)
        .containsExactlyElementsOf(ToolDefinition.all().stream().map(ToolDefinition::name).toList());
    CallToolResult added = client.tool("memory_add").arguments(Map.of("content", "Ada plays the oboe")).call();
    JsonNode stored = TestClient.parse(text(added));
    assertThat(stored.path("outcome").textValue()).isEqualTo("stored");
    assertThat(added.structuredContent()).isNotNull();
    CallToolResult wrong = client.tool("memory_search").arguments(Map.of()).call();
    assertThat(wrong.isError()).isTrue();
    assertThat(text(wrong)).isEqualTo("Error: \"query\" is missing; it must be a text");

    TextResourceContents recent = (TextResourceContents) client.resource("memlane://recent").read().contents()
        .getFirst();
    assertThat(recent.text()).contains("Ada plays the oboe");
    TextResourceContents one = (TextResourceContents) client
        .resource("memlane://memories/" + stored.path("id").textValue())
        .read().contents().getFirst();
    assertThat(one.text()).contains("Ada plays the oboe");
    assertThatThrownBy(() -> client.resource("memlane://nothing").read()).isInstanceOf(McpException.class)
        .hasMessageContaining("there is no such resource");
    assertThat(client.prompt("recall").arguments(Map.of("about", "oboe")).get().messages().toString())
        .contains("Ada plays the oboe");
  }

  @Test
  void readKey_hasOnlyTheToolsThatRead() {
    McpSyncClient client = client(Role.READ);

    assertThat(client.listTools().list().tools()).extracting(Tool::name).containsExactly("memory_search",
        "memory_context", "memory_get", "memory_list", "memory_history");
    Tool add = client(Role.WRITE).listTools().list().tools().getFirst();
    assertThat(add.name()).isEqualTo("memory_add");
    assertThatThrownBy(() -> client.tool(add).arguments(Map.of("content", "x")).call()).isInstanceOf(McpException.class)
        .hasMessageContaining("memory_add");
  }

  @Test
  void unknownVersion_isRefused() {
    TestClient.Answer answer = stage.client()
        .withKey(stage.keys().create("version", Role.READ, new Grant.Everything(), null)).post("/mcp",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":"
                + "{\"io.modelcontextprotocol/protocolVersion\":\"2099-01-01\"}}}",
            "Accept", "application/json, text/event-stream", "MCP-Protocol-Version", "2099-01-01", "Mcp-Method",
            "tools/list");

    assertThat(answer.status()).isBetween(400, 499);
    assertThat(answer.text()).doesNotContain("Exception", "stackTrace");
  }

  @Test
  void hostileRequests_areRefusedWithoutAWordOfTheInside() {
    TestClient client = stage.client()
        .withKey(stage.keys().create("hostile", Role.WRITE, new Grant.Everything(), null));
    for (String body : List.of("no JSON", "[]", "{}", "[".repeat(10_000), "7", "{\"jsonrpc\":\"2.0\",\"id\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":7}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":[]}}")) {
      TestClient.Answer answer = client.post("/mcp", body, "Accept", "application/json, text/event-stream",
          "MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call");

      assertThat(answer.status()).as(answer.text()).isBetween(400, 499);
      assertThat(answer.text()).hasSizeLessThan(1_000).doesNotContain("Exception", "stackTrace", "io.modelcontext",
          "com.fasterxml", "java.");
    }
  }
}
