package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.LocalMemory;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.MemoryExtractor;
import dev.memlane.extraction.QuestionEstimate;
import dev.memlane.server.McpOptions;
import dev.memlane.server.McpStdio;
import dev.memlane.server.SharedMemory;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseBuilder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
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

  /** The fewest that a database can have; each step of remembering takes one for a short time. */
  private static final int CONNECTIONS = 4;

  private final CommandContext context;

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = "--actor", descriptionKey = SettingNames.MCP_ACTOR, paramLabel = "NAME", description = "The author of updates and deletions in the history, such as the client's name.")
  private @Nullable String actor;

  @Option(names = "--allow-user", arity = "0..1", fallbackValue = "true", paramLabel = "true|false", descriptionKey = SettingNames.MCP_ALLOW_USER, description = "Let the model name the user in each call. Otherwise it can't choose whose memory it uses.")
  private boolean allowUser;

  @Option(names = "--read-only", arity = "0..1", fallbackValue = "true", paramLabel = "true|false", descriptionKey = SettingNames.MCP_READ_ONLY, description = "Only the tools that read.")
  private boolean readOnly;

  @Mixin
  private final ChatOptions chat = new ChatOptions();

  McpCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws Exception {
    context.requireNoServer("a client of the Model Context Protocol reaches a server over HTTP, at its path /mcp");
    McpOptions options = new McpOptions(
        allowUser ? scope.scope() : scope.required("it is not said whose memory this is"), actor,
        allowUser, readOnly);
    try (SharedMemory memory = SharedMemory.in(context.dataDirectory(), opener());
        McpStdio mcp = CommandContext.fromArguments(() -> McpStdio.over(memory, options))) {
      serve(memory, mcp);
    }
    return 0;
  }

  private SharedMemory.Opener opener() {
    SharedMemory.Opener plain = context.opener();
    if (readOnly || !chat.areGiven()) {
      return plain;
    }
    // Wrong settings are reported now, and not when the directory is opened.
    chat.open(context.environment()).close();
    int unused = chat.concurrency();
    QuestionEstimate unusedEstimate = chat.estimate();
    return new SharedMemory.Opener() {

      @Override
      public Optional<SharedMemory.Opened> open() {
        return plain.open().map(McpCommand.this::withExtractor);
      }

      @Override
      public boolean remembers() {
        return true;
      }
    };
  }

  /** Opens what remembers conversations, if the memory is that of a directory. */
  private SharedMemory.Opened withExtractor(SharedMemory.Opened opened) {
    DatabaseBuilder connections = opened.close() instanceof LocalMemory local ? local.database().orElse(null) : null;
    if (connections == null) {
      return opened;
    }
    OpenedParts parts = new OpenedParts();
    parts.add(opened.close());
    boolean done = false;
    try {
      Database database = parts.add(connections.poolSize(CONNECTIONS).open());
      ChatModel model = parts.add(chat.open(context.environment()));
      MemoryExtractor extractor = parts.add(chat.extractor(opened.memory(), database, model).build());
      done = true;
      return new SharedMemory.Opened(opened.memory(), extractor, parts);
    } finally {
      if (!done) {
        parts.close();
      }
    }
  }

  /** What was opened one after the other, and is closed in reverse. */
  private static final class OpenedParts implements AutoCloseable {

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    private <T extends AutoCloseable> T add(T part) {
      parts.push(part);
      return part;
    }

    @Override
    public void close() {
      while (!parts.isEmpty()) {
        try {
          parts.pop().close();
        } catch (Exception e) {
          System.getLogger(McpCommand.class.getName()).log(System.Logger.Level.WARNING,
              "something could not be closed in order", e);
        }
      }
    }
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
