package dev.memlane.server.internal.mcp;

import dev.memlane.model.Scope;
import dev.memlane.server.ServerFile;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import java.net.ConnectException;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Calls of tools in the process that has the memory open, over the protocol itself. */
public final class RemoteToolCalls implements ToolCalls {

  private static final Duration CONNECT = Duration.ofSeconds(10);
  /** Longer than an attempt in a lane may take. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String TARGET = "target";

  private final McpJson json;
  private final McpSyncClient client;
  /** The SDK asks for the context of a call on the thread that makes it. */
  @SuppressWarnings("ThreadLocalUsage") // there is one such object at a time, and each call removes its value
  private final ThreadLocal<@Nullable Target> target = new ThreadLocal<>();

  private RemoteToolCalls(ServerFile server, McpJson json) {
    this.json = json;
    this.client = McpClient
        .sync(HttpClientStreamableHttpTransport.builder(server.uri().toString()).endpoint(McpEndpoint.PATH)
            .jsonMapper(json.mapper()).connectTimeout(CONNECT).maxResponseSize(McpJson.LONGEST_MESSAGE * 4)
            .addHttpRequestCustomizer((request, method, uri, body, context) -> {
              request.setHeader("Authorization", "Bearer " + server.key());
              name(request, (Target) context.get(TARGET));
            }).build())
        .clientInfo(Implementation.builder("memlane", "relay").build()).initializationTimeout(CONNECT)
        .requestTimeout(PATIENCE).transportContextProvider(this::context).build();
  }

  /**
   * Connects to the process.
   *
   * @throws UnreachableException if it does not answer
   */
  public static RemoteToolCalls connect(ServerFile server, McpJson json) {
    RemoteToolCalls calls = new RemoteToolCalls(server, json);
    try {
      var unused = calls.client.initialize();
      return calls;
    } catch (RuntimeException e) {
      calls.close();
      throw new UnreachableException(false, e);
    }
  }

  private McpTransportContext context() {
    Target now = target.get();
    return now == null ? McpTransportContext.EMPTY : McpTransportContext.create(Map.of(TARGET, now));
  }

  private static void name(HttpRequest.Builder request, @Nullable Target target) {
    if (target != null) {
      Map<String, @Nullable String> values = new HashMap<>();
      Scope scope = target.scope();
      values.put(ScopeHeaders.USER, scope.user());
      values.put(ScopeHeaders.AGENT, scope.agent());
      values.put(ScopeHeaders.RUN, scope.run());
      values.put(ScopeHeaders.ACTOR, target.actor());
      values.forEach((name, value) -> {
        if (value != null) {
          request.setHeader(name, ScopeHeaders.encoded(value));
        }
      });
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws UnreachableException if the process has ended
   */
  @Override
  public Answer call(Target of, String tool, String arguments) {
    target.set(of);
    try {
      CallToolResult result = client
          .callTool(CallToolRequest.builder(tool).arguments(json.object(arguments)).build());
      return new Answer(text(result), Boolean.TRUE.equals(result.isError()));
    } catch (McpError e) {
      return Answer.failed(String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      if (hasCause(e, TimeoutException.class)) {
        return Answer.failed("it took too long; it may have been done all the same: check before you try again");
      }
      throw new UnreachableException(!hasCause(e, ConnectException.class), e);
    } finally {
      target.remove();
    }
  }

  private static String text(CallToolResult result) {
    return result.content().getFirst() instanceof TextContent text ? text.text() : "";
  }

  private static boolean hasCause(Throwable failure, Class<? extends Throwable> type) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    client.close();
  }

  /** The exception for a process that does not answer. */
  public static final class UnreachableException extends RuntimeException {

    private final boolean sent;

    UnreachableException(boolean sent, Throwable cause) {
      super("the process that has the memory open does not answer", cause);
      this.sent = sent;
    }

    /** Whether the call may have reached it. */
    public boolean mayHaveArrived() {
      return sent;
    }
  }
}
