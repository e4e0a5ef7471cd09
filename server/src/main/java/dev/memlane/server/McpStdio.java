package dev.memlane.server;

import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.server.internal.mcp.McpFeatures;
import dev.memlane.server.internal.mcp.McpJson;
import dev.memlane.server.internal.mcp.MemoryToolCalls;
import dev.memlane.server.internal.mcp.StdioTransport;
import dev.memlane.server.internal.mcp.ToolCalls;
import io.modelcontextprotocol.server.McpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The memory tools for one client of the Model Context Protocol, over a pair of streams, such as standard input and output.
 *
 * <pre>{@code
 * McpOptions options = McpOptions.DEFAULT.withScope(Scope.user("ada"));
 * try (McpStdio mcp = McpStdio.over(memlane.memory(), options)) {
 *   mcp.serve(System.in, System.out);      // returns when the client closes its end
 * }
 * }</pre>
 *
 * <p>
 * Nothing but messages of the protocol is written to the output, so nothing else may be. Used by one client.
 */
public final class McpStdio implements AutoCloseable {

  private final McpJson json = new McpJson();
  private final ToolCalls calls;
  private final McpFeatures features;

  private McpStdio(ToolCalls calls, boolean remembering, McpOptions options) {
    this.calls = calls;
    this.features = new McpFeatures(calls, remembering, options, json);
  }

  /**
   * The tools on a memory of this process.
   *
   * @param memory stays open; the caller closes it afterwards
   * @throws InvalidInputException if the options have neither a scope nor let the model name the user, or the actor is
   * invalid
   */
  public static McpStdio over(MemoryOrchestrator memory, McpOptions options) {
    return over(memory, null, options);
  }

  /**
   * The tools on a memory of this process, with {@code memory_remember}.
   *
   * @param memory stays open; the caller closes it afterwards
   * @param extractor of the memory; stays open; null for none, and no such tool
   * @throws InvalidInputException as {@link #over(MemoryOrchestrator, McpOptions)}
   */
  public static McpStdio over(MemoryOrchestrator memory, @Nullable MemoryExtractor extractor, McpOptions options) {
    return new McpStdio(new MemoryToolCalls(memory, extractor), extractor != null, checked(options));
  }

  /**
   * The tools on a memory that several processes share, with {@code memory_remember} if {@linkplain
   * SharedMemory.Opener#remembers this process could remember conversations}. If another process has the memory open, and has no
   * chat model, calls of that tool fail.
   *
   * @param memory stays open; the caller closes it afterwards
   * @throws InvalidInputException if the options have neither a scope nor let the model name the user, or the actor is
   * invalid
   */
  public static McpStdio over(SharedMemory memory, McpOptions options) {
    return new McpStdio(memory.calls(), memory.remembers(), checked(options));
  }

  private static McpOptions checked(McpOptions options) {
    Scope scope = options.scope();
    if (scope == null && !options.modelNamesUser()) {
      throw new InvalidInputException(
          "it is not said whose memory the tools are for; name a user, an agent or a run, or let "
              + "the model name the user");
    }
    // Checks the actor now, because a model could do nothing about it.
    var unused = MemoryDeletion.of(MemoryId.derive(scope == null ? Scope.user("any") : scope, "any"))
        .by(options.actor());
    return options;
  }

  /**
   * Serves the client until the input ends and its requests are answered.
   *
   * @throws IOException if a stream fails
   * @throws InterruptedException if the thread is interrupted while requests are under way
   */
  public void serve(InputStream in, OutputStream out) throws IOException, InterruptedException {
    StdioTransport transport = new StdioTransport(json, features::withoutSessions, in, out);
    var server = features.describe(McpServer.async(transport)).build();
    try {
      transport.run();
    } finally {
      server.closeGracefully().block();
    }
  }

  /** Ends the calls that still run. */
  @Override
  public void close() {
    features.close();
    calls.close();
  }
}
