package dev.memlane.server.internal.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.memlane.model.Scope;
import dev.memlane.server.McpOptions;
import io.modelcontextprotocol.server.McpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("slow")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StdioTransportTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final McpOptions OPTIONS = McpOptions.DEFAULT.withScope(Scope.user("ada"));
  private static final String INITIALIZE = """
      {"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":\
      {"name":"test","version":"1"}}}
      """;
  private static final String INITIALIZED = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";

  /** Calls of tools that do what a test says. */
  @FunctionalInterface
  private interface Scripted extends ToolCalls {
    @Override
    default void close() {}
  }

  private static String call(int id, String more) {
    return "{\"jsonrpc\":\"2.0\",\"id\":" + id
        + ",\"method\":\"tools/call\",\"params\":{\"name\":\"memory_get\",\"arguments\":"
        + "{\"id\":\"x\"}" + more + "}}\n";
  }

  private static void serve(ToolCalls calls, Duration beat, InputStream in, OutputStream out) throws Exception {
    McpJson json = new McpJson();
    try (McpFeatures features = new McpFeatures(calls, false, OPTIONS, json, beat)) {
      StdioTransport transport = new StdioTransport(json, features::withoutSessions, in, out);
      features.describe(McpServer.async(transport)).build();
      transport.run();
    }
  }

  /** What is answered to some lines. */
  private static List<JsonNode> answers(ToolCalls calls, String lines) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    serve(calls, Duration.ofHours(1), new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8)), out);
    List<JsonNode> answers = new ArrayList<>();
    for (String line : out.toString(StandardCharsets.UTF_8).lines().toList()) {
      answers.add(JSON.readTree(line));
    }
    return answers;
  }

  private static JsonNode of(int id, List<JsonNode> answers) {
    return answers.stream().filter(answer -> answer.path("id").isInt() && answer.path("id").intValue() == id)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void endOfInput_requestsUnderWayAreAnswered() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    Scripted calls = (target, tool, arguments) -> {
      begun.countDown();
      begun.await();
      return ToolCalls.Answer.failed("no");
    };

    List<JsonNode> answers = answers(calls, INITIALIZE + INITIALIZED + call(1, "") + call(2, "").strip());

    assertThat(answers).hasSize(3);
    assertThat(of(0, answers).at("/result/protocolVersion").textValue()).isEqualTo("2025-11-25");
    assertThat(of(1, answers).at("/result/isError").booleanValue()).isTrue();
    assertThat(of(2, answers).at("/result/content/0/text").textValue()).isEqualTo("Error: no");
  }

  private static String stateless(int id, String method, String params) {
    return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":{" + params + "\"_meta\":{"
        + "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientInfo\":"
        + "{\"name\":\"test\",\"version\":\"1\"},\"io.modelcontextprotocol/clientCapabilities\":{},"
        + "\"progressToken\":\"p" + id + "\"}}}\n";
  }

  @Test
  void requestsWithoutASession_areAnswered_besideThoseWithOne() throws Exception {
    CountDownLatch beaten = new CountDownLatch(1);
    Scripted calls = (target, tool, arguments) -> {
      beaten.await();
      return new ToolCalls.Answer("{}", false);
    };
    ByteArrayOutputStream out = new ByteArrayOutputStream() {
      @Override
      public synchronized void write(byte[] bytes, int offset, int length) {
        super.write(bytes, offset, length);
        if (toString(StandardCharsets.UTF_8).contains("still working")) {
          beaten.countDown();
        }
      }
    };
    String lines = stateless(1, "server/discover", "") + stateless(2, "tools/list", "")
        + stateless(3, "tools/call", "\"name\":\"memory_get\",\"arguments\":{\"id\":\"x\"},") + INITIALIZE;

    serve(calls, Duration.ofMillis(1), new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8)), out);

    List<JsonNode> answers = new ArrayList<>();
    for (String line : out.toString(StandardCharsets.UTF_8).lines().toList()) {
      answers.add(JSON.readTree(line));
    }
    assertThat(of(1, answers).at("/result/supportedVersions/0").textValue()).as("%s", answers).isEqualTo("2026-07-28");
    assertThat(of(2, answers).at("/result/tools").size()).isGreaterThan(5);
    assertThat(of(3, answers).at("/result/isError").booleanValue()).isFalse();
    assertThat(of(0, answers).at("/result/protocolVersion").textValue()).isEqualTo("2025-11-25");
    assertThat(answers).anySatisfy(one -> {
      assertThat(one.path("method").textValue()).isEqualTo("notifications/progress");
      assertThat(one.at("/params/progressToken").textValue()).isEqualTo("p3");
    });
  }

  @Test
  void lineThatIsNoMessage_isAnswered_andTheNextIsRead() throws Exception {
    List<JsonNode> answers = answers((Scripted) (target, tool, arguments) -> ToolCalls.Answer.failed("no"),
        INITIALIZE + INITIALIZED + "no JSON\n\n[]\n{\"jsonrpc\":\"2.0\"}\n" + "\u00ff".repeat(100) + "\n"
            + call(1, ""));

    assertThat(answers.stream().map(answer -> answer.at("/error/code").intValue()).filter(code -> code == -32700))
        .hasSize(4);
    assertThat(of(1, answers).has("result")).isTrue();
  }

  @Test
  void lineThatIsTooLong_isAnswered_andTheNextIsRead() throws Exception {
    List<JsonNode> answers = answers((Scripted) (target, tool, arguments) -> ToolCalls.Answer.failed("no"),
        INITIALIZE + INITIALIZED + "x".repeat(McpJson.LONGEST_MESSAGE + 1) + "\n" + call(1, ""));

    assertThat(answers.stream().map(answer -> answer.at("/error/message").asText()))
        .contains("the message has 16777217 bytes; at most 16777216 are read");
    assertThat(of(1, answers).has("result")).isTrue();
  }

  @Test
  void requestBeforeInitialize_isRefused_butPingIsAnswered() throws Exception {
    List<JsonNode> answers = answers((Scripted) (target, tool, arguments) -> ToolCalls.Answer.failed("no"),
        call(1, "") + "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n" + INITIALIZE + INITIALIZED + call(3, ""));

    assertThat(of(1, answers).at("/error/message").textValue()).startsWith("the session is not initialized");
    assertThat(of(2, answers).path("result").isObject()).isTrue();
    assertThat(of(3, answers).has("result")).isTrue();
  }

  @Test
  void unknownMethod_isAnError_andUnexpectedFailureIsAnAnswerForTheModel() throws Exception {
    List<JsonNode> answers = answers((Scripted) (target, tool, arguments) -> {
      throw new IllegalStateException("secret");
    }, INITIALIZE + INITIALIZED + "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no/such\"}\n" + call(2, ""));

    assertThat(of(1, answers).at("/error/code").intValue()).isEqualTo(-32601);
    assertThat(of(2, answers).at("/result/isError").booleanValue()).isTrue();
    assertThat(of(2, answers).toString()).contains("check before you try again").doesNotContain("secret");
  }

  @Test
  void cancelledRequest_isInterrupted_andNotAnswered() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    Scripted calls = (target, tool, arguments) -> {
      if (begun.getCount() == 0) {
        return ToolCalls.Answer.failed("the second call");
      }
      begun.countDown();
      try {
        new CountDownLatch(1).await();
      } finally {
        interrupted.countDown();
      }
      return ToolCalls.Answer.failed("the first call");
    };
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Thread server;
    try (PipedOutputStream client = new PipedOutputStream()) {
      PipedInputStream in = new PipedInputStream(client);
      server = Thread.ofVirtual().start(() -> {
        try {
          serve(calls, Duration.ofHours(1), in, out);
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      });
      write(client, INITIALIZE + INITIALIZED + call(7, ""));
      begun.await();

      write(client,
          "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7,\"reason\":\"x\"}}\n");
      interrupted.await();
      write(client, call(8, ""));
    }
    server.join();

    assertThat(out.toString(StandardCharsets.UTF_8)).contains("\"id\":8", "the second call").doesNotContain("\"id\":7",
        "the first call");
  }

  @Test
  void callWithAProgressToken_isNotifiedWhileItRuns() throws Exception {
    CountDownLatch notified = new CountDownLatch(1);
    Scripted calls = (target, tool, arguments) -> {
      notified.await();
      return ToolCalls.Answer.failed("done");
    };
    try (PipedOutputStream client = new PipedOutputStream();
        PipedInputStream answers = new PipedInputStream();
        PipedOutputStream out = new PipedOutputStream(answers)) {
      PipedInputStream in = new PipedInputStream(client);
      Thread.ofVirtual().start(() -> {
        try {
          serve(calls, Duration.ofMillis(1), in, out);
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      });
      write(client, INITIALIZE + INITIALIZED + call(7, ",\"_meta\":{\"progressToken\":\"t\"}"));
      Scanner lines = new Scanner(answers, StandardCharsets.UTF_8);
      double before = 0;
      int seen = 0;
      while (true) {
        JsonNode message = JSON.readTree(lines.nextLine());
        if (message.path("id").asInt(-1) == 7) {
          assertThat(message.at("/result/content/0/text").textValue()).isEqualTo("Error: done");
          break;
        }
        if (message.path("method").asText().equals("notifications/progress")) {
          assertThat(message.at("/params/progressToken").textValue()).isEqualTo("t");
          assertThat(message.at("/params/progress").doubleValue()).isGreaterThan(before);
          before = message.at("/params/progress").doubleValue();
          if (++seen == 3) {
            notified.countDown();
          }
        }
      }
      assertThat(seen).isGreaterThanOrEqualTo(3);
    }
  }

  private static void write(OutputStream client, String lines) throws Exception {
    client.write(lines.getBytes(StandardCharsets.UTF_8));
    client.flush();
  }
}
