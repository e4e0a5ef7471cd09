package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.cli.Main;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.server.ServerFile;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.JavaCommand;
import dev.memlane.testing.NoteScript;
import dev.memlane.testing.TestServer;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.ServerParameters;
import io.modelcontextprotocol.client.transport.StdioClientTransport;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import java.io.BufferedReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code memlane mcp} as desktop clients use it: each starts a process of its own, on one data directory. */
@Tag("slow")
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class McpCommandTest {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String INITIALIZE = """
      {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},\
      "clientInfo":{"name":"test","version":"1"}}}
      {"jsonrpc":"2.0","method":"notifications/initialized"}
      """;

  @TempDir
  Path data;

  private final String database = TestServer.freshDatabase();

  private List<String> command(String command, String... options) {
    List<String> all = JavaCommand.with("-Xmx256m", "-cp", System.getProperty("java.class.path"), Main.class.getName(),
        command, "--data", data.toString(), "--jdbc-url", database, "--embedder", "hash");
    all.addAll(List.of(options));
    return all;
  }

  private McpSyncClient client(String... options) {
    return client(Map.of(), options);
  }

  private McpSyncClient client(Map<String, String> environment, String... options) {
    List<String> command = command("mcp", options);
    StdioClientTransport transport = new StdioClientTransport(
        ServerParameters.builder(command.getFirst()).args(command.subList(1, command.size())).env(environment).build(),
        McpJsonDefaults.getMapper());
    transport.setStdErrorHandler(line -> {});
    McpSyncClient client = McpClient.sync(transport).requestTimeout(PATIENCE).initializationTimeout(PATIENCE).build();
    client.initialize();
    return client;
  }

  private static String call(McpSyncClient client, String tool, Map<String, Object> arguments) {
    CallToolResult result = client.callTool(CallToolRequest.builder(tool).arguments(arguments).build());
    String text = ((TextContent) result.content().getFirst()).text();
    assertThat(result.isError()).as(text).isFalse();
    return text;
  }

  private static String list(McpSyncClient client) {
    return call(client, "memory_list", Map.of("order", "oldest"));
  }

  @Test
  void processes_shareADirectory_andTakeOverFromOneThatIsKilled() {
    McpSyncClient first = client("--user", "ada");
    call(first, "memory_add", Map.of("content", "from the first"));
    ServerFile opened = ServerFile.read(data).orElseThrow();
    ProcessHandle last;
    try (McpSyncClient second = client("--user", "ada"); McpSyncClient third = client("--user", "ada")) {
      call(second, "memory_add", Map.of("content", "from the second"));
      call(third, "memory_add", Map.of("content", "from the third"));
      assertThat(list(first)).contains("from the first", "from the second", "from the third");
      assertThat(ServerFile.read(data)).contains(opened);

      ProcessHandle owner = ProcessHandle.of(opened.process()).orElseThrow();
      owner.destroyForcibly();
      owner.onExit().join();

      call(second, "memory_add", Map.of("content", "afterwards"));
      assertThat(list(third)).contains("from the first", "from the second", "from the third", "afterwards");
      ServerFile taken = ServerFile.read(data).orElseThrow();
      assertThat(taken.process()).isNotEqualTo(opened.process());
      last = ProcessHandle.of(taken.process()).orElseThrow();
    }
    first.close();
    last.onExit().join();
    assertThat(data.resolve(ServerFile.NAME)).as("what the last one leaves behind").doesNotExist();
  }

  @Test
  void withAChatModel_messagesAreRemembered_byWhateverProcessHasTheDirectoryOpen() {
    try (ChatProvider provider = ChatProvider.start(new NoteScript())) {
      Map<String, String> chat = Map.of("MEMLANE_CHAT_URL", provider.url(), "MEMLANE_CHAT_MODEL", "test");
      Map<String, Object> first = Map.of("messages", List.of(Map.of("text", "note: home is Porto")));
      try (McpSyncClient open = client(chat, "--user", "ada")) {
        assertThat(call(open, "memory_remember", first)).contains("\"outcome\":\"added\"", "home is Porto");
        assertThat(here(chat, """
            {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"memory_remember","arguments":\
            {"messages":[{"text":"note: home is Faro"}]}}}
            """)).contains("\\\"outcome\\\":\\\"superseded\\\"", "home is Faro");
      }
      String tools = """
          {"jsonrpc":"2.0","id":2,"method":"tools/list"}
          """;
      assertThat(here(chat, tools)).contains("\"memory_add\"", "\"memory_remember\"");
      assertThat(here(Map.of(), tools + """
          {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"memory_list","arguments":{}}}
          """)).contains("\"memory_add\"", "home is Faro").doesNotContain("\"memory_remember\"", "Porto");
      assertThat(here(chat, tools, "--read-only")).contains("\"memory_list\"").doesNotContain("\"memory_remember\"");
    }
  }

  /** What the command answers to some requests of a client that then goes. It runs in this JVM, which is another process as well. */
  private String here(Map<String, String> environment, String requests, String... options) {
    CommandRunner commands = new CommandRunner(data, data, database);
    environment.forEach(commands::variable);
    commands.input((INITIALIZE + requests).getBytes(StandardCharsets.UTF_8));
    List<String> command = new ArrayList<>(List.of("mcp", "--user", "ada"));
    command.addAll(List.of(options));
    CommandRunner.Run run = commands.run(command.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    return run.out();
  }

  @Test
  void serve_takesTheDirectoryOver_andGivesItBackWhenItEnds() throws Exception {
    try (McpSyncClient client = client("--user", "ada")) {
      call(client, "memory_add", Map.of("content", "before"));
      Process serve = new ProcessBuilder(command("serve", "--port", "0", "--json"))
          .redirectError(ProcessBuilder.Redirect.DISCARD).start();
      try (BufferedReader output = serve.inputReader()) {
        String uri = Json.MAPPER.readTree(output.readLine()).path("uri").textValue();

        call(client, "memory_add", Map.of("content", "through the server"));

        assertThat(ServerFile.read(data).orElseThrow().process()).isEqualTo(serve.pid());
        assertThat(new CommandRunner(data.resolve("other"), data, database).run("list", "--server", uri).out())
            .contains("before", "through the server");
      } finally {
        serve.destroy();
        serve.waitFor();
      }
      call(client, "memory_add", Map.of("content", "afterwards"));
      assertThat(list(client)).contains("before", "through the server", "afterwards");
    }
  }

  @Test
  void standardOutput_hasNothingButMessages() throws Exception {
    Process process = new ProcessBuilder(command("mcp", "--verbose", "--allow-user", "--read-only"))
        .redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (OutputStream in = process.getOutputStream()) {
      in.write((INITIALIZE + """
          {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"memory_list","arguments":{"user":"ben"}}}
          {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"memory_add","arguments":{"content":"x"}}}
          """).getBytes(StandardCharsets.UTF_8));
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).isZero();
    assertThat(output.lines()).hasSize(3)
        .allSatisfy(line -> assertThat(Json.MAPPER.readTree(line).has("jsonrpc")).isTrue());
    assertThat(output).contains("{\\\"memories\\\":[]}", "Unknown tool: ");
  }

  @Test
  void withoutAScope_isRefused() {
    CommandRunner.Run run = new CommandRunner(data, data, database).run("mcp");

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err())
        .contains("it is not said whose memory this is: give at least one of --user, --agent and --run");
    assertThat(run.out()).isEmpty();
  }
}
