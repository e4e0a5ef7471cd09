package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.memory.tools.ToolDefinition;
import dev.memlane.model.Scope;
import dev.memlane.server.TestClient.Answer;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.GetPromptRequest;
import io.modelcontextprotocol.spec.McpSchema.Prompt;
import io.modelcontextprotocol.spec.McpSchema.ReadResourceRequest;
import io.modelcontextprotocol.spec.McpSchema.Resource;
import io.modelcontextprotocol.spec.McpSchema.ResourceTemplate;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.TextResourceContents;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Model Context Protocol over HTTP: what it offers, and to whom. */
@Tag("programs")
class McpEndpointTest {

  @TempDir
  static Path directory;

  private static final String JSON_AND_EVENTS = "application/json, text/event-stream";
  private static final String INITIALIZE = """
      {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":\
      {"name":"test","version":"1"}}}""";

  private static ServerStage stage;
  private static String admin;
  private static String reader;
  private static String ada;
  private static String tenant;

  @BeforeAll
  static void start() {
    stage = new ServerStage(directory,
        settings -> settings.mcp(McpOptions.DEFAULT.withModelNamesUser(true).withActor("agent"))
            .origins(List.of("https://chat.example.org")));
    ApiKeys keys = stage.keys();
    admin = keys.create("admin", Role.ADMIN, new Grant.Everything(), null);
    reader = keys.create("reader", Role.READ, new Grant.Scopes(List.of(Scope.user("ada"))), null);
    ada = keys.create("ada", Role.WRITE, new Grant.Scopes(List.of(Scope.user("ada"))), null);
    tenant = keys.create("tenant", Role.WRITE, new Grant.Users("acme/"), null);
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  private static McpSyncClient client(String key) {
    return McpTestClient.over(stage.server().uri(), McpTestClient.key(key));
  }

  private static McpSyncClient client(String key, Scope scope) {
    Map<String, String> headers = McpTestClient.key(key);
    headers.putAll(McpTestClient.headers(scope));
    return McpTestClient.over(stage.server().uri(), headers);
  }

  private static Answer post(String key, String body, String... headers) {
    String[] all = new String[headers.length + 2];
    System.arraycopy(headers, 0, all, 0, headers.length);
    all[headers.length] = "Accept";
    all[headers.length + 1] = JSON_AND_EVENTS;
    return stage.client().withKey(key).post("/mcp", body, all);
  }

  private static String error(CallToolResult result) {
    assertThat(result.isError()).isTrue();
    return McpTestClient.text(result);
  }

  @Test
  void tools_areThoseOfMemoryToolsWithTheirHintsAndSchemas() {
    try (McpSyncClient client = client(ada)) {
      List<Tool> tools = client.listTools().tools();

      assertThat(tools).extracting(Tool::name)
          .containsExactlyElementsOf(ToolDefinition.all().stream().map(ToolDefinition::name).toList());
      for (ToolDefinition expected : ToolDefinition.all()) {
        Tool tool = tools.stream().filter(one -> one.name().equals(expected.name())).findFirst().orElseThrow();
        assertThat(tool.description()).isEqualTo(expected.description());
        assertThat(tool.annotations().readOnlyHint()).isEqualTo(expected.readOnly());
        assertThat(tool.annotations().destructiveHint()).isEqualTo(expected.destructive());
        assertThat(tool.annotations().idempotentHint()).isEqualTo(expected.idempotent());
        assertThat(tool.annotations().openWorldHint()).isFalse();
        assertThat(tool.outputSchema().get("type")).isEqualTo("object");
      }
      assertThat(client.getServerInstructions()).contains("data, not instructions");
      assertThat(client.getServerInfo().name()).isEqualTo("memlane");
    }
  }

  @Test
  void call_answersWithTextAndTheSameAsAStructure() throws Exception {
    try (McpSyncClient client = client(ada)) {
      CallToolResult added = McpTestClient.call(client, "memory_add",
          Map.of("content", "Ada plays the oboe", "metadata", Map.of("topic", "music", "year", 2026, "rating", 4.5)));
      String id = McpTestClient.structured(added).path("id").textValue();

      CallToolResult read = McpTestClient.call(client, "memory_get", Map.of("id", id));

      assertThat(read.isError()).isFalse();
      assertThat(TestClient.parse(McpTestClient.text(read))).isEqualTo(McpTestClient.structured(read));
      JsonNode metadata = McpTestClient.structured(read).path("metadata");
      assertThat(metadata.path("year").intValue()).isEqualTo(2026);
      assertThat(metadata.path("rating").doubleValue()).isEqualTo(4.5);

      McpTestClient.call(client, "memory_update", Map.of("id", id, "content", "Ada plays the cello"));
      JsonNode history = McpTestClient.structured(McpTestClient.call(client, "memory_history", Map.of("id", id)));
      assertThat(history.at("/history/1/actor").textValue()).as("the configured actor").isEqualTo("agent");
    }
  }

  @Test
  void wrongCall_isAnAnswerThatTheModelCanActOn() {
    try (McpSyncClient client = client(ada)) {
      assertThat(error(McpTestClient.call(client, "memory_add", Map.of()))).isEqualTo(
          "Error: \"content\" is missing; it must be a text");
      assertThat(error(McpTestClient.call(client, "memory_get", Map.of("id", "no idea")))).contains("is no memory id");
      assertThat(error(McpTestClient.call(client, "memory_search", Map.of("query", "x", "limit", 1_000))))
          .contains("from 1 to 100");
      assertThatThrownBy(() -> McpTestClient.call(client, "no_such_tool", Map.of())).isInstanceOf(McpError.class)
          .hasMessageContaining("Unknown tool");
    }
  }

  @Test
  void readKey_hasOnlyTheToolsThatRead() {
    try (McpSyncClient client = client(reader)) {
      assertThat(client.listTools().tools()).extracting(Tool::name).containsExactly("memory_search",
          "memory_context", "memory_get", "memory_list", "memory_history");

      assertThatThrownBy(() -> McpTestClient.call(client, "memory_add", Map.of("content", "x")))
          .isInstanceOf(McpError.class).hasMessageContaining("Unknown tool");
    }
  }

  @Test
  void scope_comesFromTheKeyOrFromTheHeadersWithinItsGrant() {
    try (McpSyncClient bound = client(ada);
        McpSyncClient named = client(admin, Scope.user("ada").withRun("Übung 7%"));
        McpSyncClient none = client(admin)) {
      McpTestClient.call(named, "memory_add", Map.of("content", "Ada has a harpsichord", "key", "harpsichord"));

      assertThat(McpTestClient.text(McpTestClient.call(bound, "memory_search", Map.of("query", "harpsichord"))))
          .contains("Ada has a harpsichord");
      assertThat(stage.memory().blocking().list(Scope.run("Übung 7%"), null, null, 10).memories()).hasSize(1);
      assertThat(error(McpTestClient.call(none, "memory_search", Map.of("query", "harpsichord"))))
          .contains("it is not said whose memory this is");
    }
    Answer outside = post(ada, INITIALIZE, "Memlane-User", "ben");
    assertThat(outside.status()).isEqualTo(403);
    assertThat(outside.json().path("detail").textValue()).isEqualTo("the key does not reach this scope");
  }

  @Test
  void modelThatNamesTheUser_reachesOnlyWhatTheKeyReaches() {
    try (McpSyncClient client = client(tenant)) {
      assertThat(client.listTools().tools().getFirst().inputSchema().toString()).contains("Whose memory it is");
      CallToolResult added = McpTestClient.call(client, "memory_add",
          Map.of("user", "acme/ben", "content", "Ben plays the spinet"));

      assertThat(added.isError()).isFalse();
      assertThat(McpTestClient.text(
          McpTestClient.call(client, "memory_search", Map.of("user", "acme/ben", "query", "spinet"))))
          .contains("spinet");
      assertThat(McpTestClient.text(
          McpTestClient.call(client, "memory_search", Map.of("user", "acme/ada", "query", "spinet"))))
          .doesNotContain("spinet");
      assertThat(error(McpTestClient.call(client, "memory_search", Map.of("user", "ada", "query", "oboe"))))
          .contains("does not reach this user");
      assertThat(error(McpTestClient.call(client, "memory_get",
          Map.of("user", "acme/ada", "id", McpTestClient.structured(added).path("id").textValue()))))
          .contains("there is no memory");
    }
  }

  @Test
  void resources_areAMemoryAndTheRecentOnes() {
    try (McpSyncClient client = client(ada, Scope.user("ada").withRun("resources"))) {
      String id = McpTestClient.structured(
          McpTestClient.call(client, "memory_add", Map.of("content", "older", "occurredAt", "2026-01-01"))).path("id")
          .textValue();
      McpTestClient.call(client, "memory_add", Map.of("content", "newer", "occurredAt", "2026-01-02"));

      assertThat(client.listResources().resources()).extracting(Resource::uri).containsExactly("memlane://recent");
      assertThat(client.listResourceTemplates().resourceTemplates()).extracting(ResourceTemplate::uriTemplate)
          .containsExactlyInAnyOrder("memlane://memories/{id}", "memlane://users/{user}/recent");
      JsonNode recent = read(client, "memlane://recent");
      assertThat(recent.at("/memories/0/content").textValue()).isEqualTo("newer");
      assertThat(recent.at("/memories/1/content").textValue()).isEqualTo("older");
      assertThat(read(client, "memlane://memories/" + id).path("content").textValue()).isEqualTo("older");
      assertThatThrownBy(() -> read(client, "memlane://memories/0198c5a2-7c1e-7a50-9d53-0242ac120002"))
          .isInstanceOf(McpError.class).hasMessageContaining("there is no memory");
      assertThatThrownBy(() -> read(client, "memlane://users/ben/recent")).isInstanceOf(McpError.class)
          .hasMessageContaining("does not reach this user");
    }
  }

  private static JsonNode read(McpSyncClient client, String uri) {
    TextResourceContents contents = (TextResourceContents) client
        .readResource(ReadResourceRequest.builder(uri).build()).contents().getFirst();
    assertThat(contents.mimeType()).isEqualTo("application/json");
    return TestClient.parse(contents.text());
  }

  @Test
  void prompts_recallAndRemember() {
    try (McpSyncClient client = client(ada)) {
      McpTestClient.call(client, "memory_add", Map.of("content", "Ada is allergic to peanuts"));

      assertThat(client.listPrompts().prompts()).extracting(Prompt::name).containsExactlyInAnyOrder("recall",
          "remember");
      assertThat(prompt(client, "recall", Map.of("about", "allergies: peanuts")))
          .contains("Ada is allergic to peanuts", "follow no instructions");
      assertThat(prompt(client, "remember", Map.of())).contains("Search the memory first");
      assertThatThrownBy(() -> prompt(client, "recall", Map.of())).isInstanceOf(McpError.class)
          .hasMessageContaining("\"about\" is missing");
    }
  }

  private static String prompt(McpSyncClient client, String name, Map<String, Object> arguments) {
    return ((TextContent) client.getPrompt(GetPromptRequest.builder(name).arguments(arguments).build()).messages()
        .getFirst().content()).text();
  }

  @Test
  void requestWithoutAKey_isRefused() {
    Answer answer = stage.client().post("/mcp", INITIALIZE, "Accept", JSON_AND_EVENTS);

    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.header("WWW-Authenticate")).startsWith("Bearer");
  }

  @Test
  void pageOfAnotherOrigin_isRefused() {
    String own = stage.server().uri().toString();

    assertThat(post(ada, INITIALIZE, "Origin", "https://evil.example").status()).isEqualTo(403);
    assertThat(post(ada, INITIALIZE, "Origin", "null").status()).isEqualTo(403);
    assertThat(post(ada, INITIALIZE, "Origin", own.replaceAll(":\\d+$", ":1")).status()).isEqualTo(403);
    assertThat(post(ada, INITIALIZE, "Origin", own).status()).isEqualTo(200);
    assertThat(post(ada, INITIALIZE, "Origin", "https://Chat.example.org").status()).isEqualTo(200);
  }

  @Test
  void session_belongsToTheKeyThatBeganIt() {
    String session = post(ada, INITIALIZE).header("Mcp-Session-Id");
    String ping = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}";

    assertThat(session).isNotEmpty();
    assertThat(post(ada, ping, "Mcp-Session-Id", session).status()).isEqualTo(200);
    assertThat(post(tenant, ping, "Mcp-Session-Id", session).status()).isEqualTo(404);
    assertThat(stage.client().withKey(tenant).delete("/mcp", "Mcp-Session-Id", session).status()).isEqualTo(404);
    assertThat(post(ada, ping, "Mcp-Session-Id", "no-such-session").status()).isEqualTo(404);
    assertThat(stage.client().withKey(ada).delete("/mcp", "Mcp-Session-Id", session).status()).isEqualTo(200);
    assertThat(post(ada, ping, "Mcp-Session-Id", session).status()).isEqualTo(404);
  }

  @Test
  void hostileRequests_areRefusedWithoutAWordOfTheInside() {
    String session = post(ada, INITIALIZE).header("Mcp-Session-Id");
    String deep = "[".repeat(10_000);

    for (Answer answer : List.of(post(ada, "no JSON"), post(ada, deep), post(ada, "[]"), post(ada, "{}"),
        post(ada, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"),
        post(ada, "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}", "Mcp-Session-Id", session),
        post(ada, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"}"),
        post(ada, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":7}"),
        post(ada, INITIALIZE, "Content-Type", "text/plain"), post(ada, INITIALIZE, "Memlane-User", "%zz"),
        stage.client().withKey(ada).get("/mcp", "Accept", "text/event-stream"),
        stage.client().withKey(ada).put("/mcp", INITIALIZE),
        stage.client().withKey(ada).delete("/mcp"),
        stage.client().withKey(ada).post("/mcp", INITIALIZE, "Accept", "text/html"))) {
      assertThat(answer.status()).as(answer.text()).isBetween(400, 499);
      assertThat(answer.text()).hasSizeLessThan(1_000).doesNotContain("Exception", "stackTrace", "io.modelcontext",
          "com.fasterxml", "java.");
    }
  }

  @Test
  void messageThatIsTooLarge_isRefused() {
    assertThat(post(ada, "\"" + "x".repeat(17 << 20) + "\"").status()).isEqualTo(413);
  }
}
