package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that finds out what became of a write whose outcome was not known. */
@Command(name = "operation", description = "Finds out what became of a write whose outcome was not known: whether it landed, or left nothing.", footer = {
    "", "Example:",
    "  memlane operation 0198c5a2-7c1e-7a50-9d53-0242ac120002 0198c5a2-7c1e-7a50-9d53-0242ac120003", "",
    "A write that reports that its outcome is not known yet names both ids. With an API key that is bound to scopes,",
    "--user, --agent, --run and --key name the memory, as the write did."})
final class OperationCommand implements Callable<Integer> {

  private final CommandContext context;

  @Parameters(index = "0", paramLabel = "ID", converter = MemoryIdConverter.class, description = "The memory's id.")
  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  private MemoryId id;

  @Parameters(index = "1", paramLabel = "OP", converter = OperationIdConverter.class, description = "The operation's id.")
  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  private OperationId op;

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = "--key", paramLabel = "KEY", description = "The memory's key.")
  private @Nullable String key;

  OperationCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    try (OpenMemory memory = context.open()) {
      boolean landed = memory.hasLanded(id, op, scope.scope(), key);
      context.answer(() -> Json.object("id", id.toString(), "op", op.toString(), "landed", landed),
          () -> context.print(landed ? "It landed." : "It did not land; nothing of it remains."));
      return 0;
    }
  }
}
