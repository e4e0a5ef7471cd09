package dev.memlane.server.internal.mcp;

import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.McpOptions;
import dev.memlane.server.internal.http.Authenticator;
import dev.memlane.server.internal.http.Json;
import dev.memlane.server.internal.http.RateLimiter;
import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.modern.server.transport.HttpServletMcpTransport;
import io.modelcontextprotocol.server.McpAsyncServer;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.transport.HttpServletStreamableServerTransportProvider;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.eclipse.jetty.ee11.servlet.FilterHolder;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Handler;
import org.jspecify.annotations.Nullable;

/** The protocol over HTTP (streamable HTTP): the SDK's servlet, behind a gate that lets callers in. */
public final class McpEndpoint implements AutoCloseable {

  /** Where it is. */
  public static final String PATH = "/mcp";

  private static final Duration IDLE_SESSION = Duration.ofMinutes(30);

  private final MemoryToolCalls calls;
  private final McpFeatures features;
  private final McpAsyncServer server;
  private final Handler handler;

  /**
   * @param memory stays open; the caller closes it afterwards
   * @param extractor remembers conversations; stays open; null for none
   * @param origins of web pages that may call
   * @param more adds to what clients of the protocol with sessions see; for tests
   */
  public McpEndpoint(MemoryOrchestrator memory, @Nullable MemoryExtractor extractor, McpOptions options,
      Authenticator authenticator, RateLimiter rates, Set<String> origins, long longestBody, Json responses,
      UnaryOperator<McpServer.AsyncSpecification<?>> more) {
    McpJson json = new McpJson();
    McpSessions sessions = new McpSessions(IDLE_SESSION);
    calls = new MemoryToolCalls(memory, extractor);
    features = new McpFeatures(calls, extractor != null, options, json);
    HttpServletStreamableServerTransportProvider transport = HttpServletStreamableServerTransportProvider.builder()
        .jsonMapper(json.mapper()).mcpEndpoint(PATH).contextExtractor(McpEndpoint::context)
        .maxRequestSize((int) Math.min(longestBody, McpJson.LONGEST_MESSAGE)).keepAliveInterval(null)
        .sessionSweepInterval(IDLE_SESSION).build();
    server = more.apply(features.describe(McpServer.async(transport))).build();
    ServletContextHandler context = new ServletContextHandler();
    HttpServletMcpTransport stateless = HttpServletMcpTransport
        .builder(new StatelessFeatures(features, json).server(McpFeatures.version())).jsonMapper(json.mapper())
        .endpoint(PATH).contextExtractor(McpEndpoint::context)
        .maxRequestSize((int) Math.min(longestBody, McpJson.LONGEST_MESSAGE)).build();
    ServletHolder servlet = new ServletHolder(new VersionServlet(transport, stateless));
    servlet.setAsyncSupported(true);
    context.addServlet(servlet, PATH);
    FilterHolder filter = new FilterHolder(new SessionFilter(sessions, json));
    filter.setAsyncSupported(true);
    context.addFilter(filter, PATH, EnumSet.of(DispatcherType.REQUEST));
    handler = new McpGate(context, options, authenticator, rates, origins, responses);
  }

  private static McpTransportContext context(HttpServletRequest request) {
    return McpTransportContext.create(Map.of(McpFeatures.CALLER, request.getAttribute(McpFeatures.CALLER)));
  }

  /** What handles the requests at {@value #PATH}, and leaves the others to the next handler. */
  public Handler handler() {
    return handler;
  }

  /** Ends the sessions and the calls that still run. */
  @Override
  public void close() {
    server.closeGracefully().block(Duration.ofSeconds(10));
    features.close();
    calls.close();
  }
}
