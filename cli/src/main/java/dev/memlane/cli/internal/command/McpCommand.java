package dev.memlane.cli.internal.command;

import dev.memlane.server.McpOptions;
import dev.memlane.server.McpStdio;
import dev.memlane.server.SharedMemory;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command that serves one client of the Model Context Protocol over standard input and output. */
@Command(name = "mcp", description = "Gives a client of the Model Context Protocol, such as a desktop assistant, the memory as tools, over standard input and output.", footer = {
    "", "Examples:", "  memlane mcp --user ada", "  memlane mcp --user ada --agent editor --actor editor",
    "  memlane mcp --user ada --read-only", "  memlane mcp --allow-user", "",
    "The client starts it, and ends it by closing its input. Several of them, and 'memlane serve', may",
    "use one data directory: one has it open, and the others go through it. All memories that it",
    "stores and finds are those of the scope."})
final class McpCommand implements Callable<Integer> {

  private final CommandContext context;

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = "--actor", descriptionKey = SettingNames.MCP_ACTOR, paramLabel = "NAME", description = "The author of updates and deletions in the history, such as the client's name.")
  private @Nullable String actor;

  @Option(names = "--allow-user", arity = "0..1", fallbackValue = "true", paramLabel = "true|false", descriptionKey = SettingNames.MCP_ALLOW_USER, description = "Let the model name the user in each call. Otherwise it can't choose whose memory it uses.")
  private boolean allowUser;

  @Option(names = "--read-only", arity = "0..1", fallbackValue = "true", paramLabel = "true|false", descriptionKey = SettingNames.MCP_READ_ONLY, description = "Only the tools that read.")
  private boolean readOnly;

  McpCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws Exception {
    context.requireNoServer("a client of the Model Context Protocol reaches a server over HTTP, at its path /mcp");
    McpOptions options = new McpOptions(
        allowUser ? scope.scope() : scope.required("it is not said whose memory this is"), actor,
        allowUser, readOnly);
    try (SharedMemory memory = SharedMemory.in(context.dataDirectory(), context.opener());
        McpStdio mcp = CommandContext.fromArguments(() -> McpStdio.over(memory, options))) {
      serve(memory, mcp);
    }
    return 0;
  }

  /** Serves until the client has gone, the program is asked to stop, or the memory can't be used. */
  private void serve(SharedMemory memory, McpStdio mcp) throws Exception {
    CompletableFuture<@Nullable Void> end = new CompletableFuture<>();
    // Nothing interrupts a thread that reads standard input, so the program must not wait for this one.
    Thread client = Thread.ofPlatform().daemon().name("memlane-mcp").start(() -> {
      try {
        mcp.serve(context.console().in(), context.console().out());
        end.complete(null);
      } catch (Exception e) {
        end.completeExceptionally(e);
      }
    });
    Thread stopping = Thread.ofVirtual().start(() -> {
      try {
        context.stop().awaitRequest();
        end.complete(null);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    });
    var unused = memory.failure().thenAccept(end::completeExceptionally);
    try {
      end.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    } finally {
      client.interrupt();
      stopping.interrupt();
    }
  }
}
