package dev.memlane.server.internal.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Scope;
import dev.memlane.server.McpOptions;
import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.modern.JsonRpc.JSONRPCMessage;
import io.modelcontextprotocol.modern.JsonRpc.JSONRPCNotification;
import io.modelcontextprotocol.modern.JsonRpc.JSONRPCRequest;
import io.modelcontextprotocol.modern.JsonRpc.JSONRPCResponse;
import io.modelcontextprotocol.modern.server.McpServer;
import io.modelcontextprotocol.modern.server.McpTransportResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the protocol without sessions sends while a call goes on. */
@Timeout(60)
class StatelessFeaturesTest {

  private static JSONRPCRequest search(Map<String, Object> more) {
    Map<String, Object> meta = new HashMap<>(Map.of("io.modelcontextprotocol/protocolVersion", "2026-07-28",
        "io.modelcontextprotocol/clientInfo", Map.of("name", "test", "version", "1"),
        "io.modelcontextprotocol/clientCapabilities", Map.of()));
    meta.putAll(more);
    return new JSONRPCRequest("tools/call", 1,
        Map.of("name", "memory_search", "arguments", Map.of("query", "x"), "_meta", meta));
  }

  /** A memory that answers when the gate opens. */
  private record Slow(CountDownLatch gate) implements ToolCalls {

    @Override
    public Answer call(Target target, String tool, String arguments) throws InterruptedException {
      gate.await();
      return new Answer("{}", false);
    }

    @Override
    public void close() {}
  }

  @Test
  void call_withAProgressToken_isNotifiedWhileItGoesOn() {
    McpJson json = new McpJson();
    CountDownLatch gate = new CountDownLatch(1);
    try (McpFeatures features = new McpFeatures(new Slow(gate), false, McpOptions.DEFAULT.withScope(Scope.user("ada")),
        json,
        Duration.ofMillis(1))) {
      McpServer server = new StatelessFeatures(features, json).server("1");

      McpTransportResponse response = server
          .handleBlocking(McpTransportContext.EMPTY, search(Map.of("progressToken", "token"))).block();

      assertThat(response).isInstanceOf(McpTransportResponse.Streaming.class);
      McpTransportResponse.Streaming streaming = (McpTransportResponse.Streaming) Objects.requireNonNull(response);
      List<JSONRPCMessage> messages = Objects.requireNonNull(streaming.messages().doOnNext(message -> {
        if (message instanceof JSONRPCNotification) {
          gate.countDown();
        }
      }).collectList().block());
      assertThat(messages).hasSizeGreaterThan(1);
      assertThat(messages.getFirst()).isInstanceOfSatisfying(JSONRPCNotification.class, notification -> {
        assertThat(notification.method()).isEqualTo("notifications/progress");
        assertThat(json.write(notification.params())).contains("token", "still working");
      });
      assertThat(messages.getLast()).isInstanceOf(JSONRPCResponse.class);
    }
  }

  @Test
  void call_withoutAProgressToken_isAnsweredAtOnce() {
    McpJson json = new McpJson();
    try (McpFeatures features = new McpFeatures(new Slow(new CountDownLatch(0)), false,
        McpOptions.DEFAULT.withScope(Scope.user("ada")), json, Duration.ofMillis(1))) {
      McpServer server = new StatelessFeatures(features, json).server("1");

      assertThat(server.handleBlocking(McpTransportContext.EMPTY, search(Map.of())).block())
          .isInstanceOf(McpTransportResponse.Result.class);
    }
  }
}
