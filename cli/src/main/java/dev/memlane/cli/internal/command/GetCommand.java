package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.orchestrator.Expired;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that shows one memory. */
@Command(name = "get", description = "Shows one memory.", footer = {"", "Example:",
    "  memlane get 0198c5a2-7c1e-7a50-9d53-0242ac120002", "", "search and list show the ids."})
final class GetCommand implements Callable<Integer> {

  private final CommandContext context;

  @Parameters(paramLabel = "ID", converter = MemoryIdConverter.class, description = "The memory's id.")
  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  private MemoryId id;

  @Option(names = "--expired", description = "Also if it has expired and has not been deleted yet.")
  private boolean expired;

  GetCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    try (OpenMemory open = context.open()) {
      Memory memory = open.get(id, expired ? Expired.INCLUDED : Expired.LEFT_OUT)
          .orElseThrow(() -> new CommandFailure("there is no memory " + id + "; 'memlane history " + id
              + "' shows whether there was one"));
      context.answer(() -> MemoryJson.memory(memory), () -> print(memory));
      return 0;
    }
  }

  private void print(Memory memory) {
    context.print(TextLayout.printable(memory.content()));
    context.print("");
    field("id", memory.id());
    field("scope", memory.scope());
    field("actor", memory.actor());
    field("key", memory.key());
    field("metadata", memory.metadata().isEmpty() ? null : ScalarSyntax.written(memory.metadata()));
    field("occurred", memory.occurredAt());
    field("expires", memory.expiresAt());
    field("stored", memory.createdAt());
    field("changed", memory.version() == 1 ? null : memory.updatedAt());
    field("version", memory.version());
    field("op", memory.op());
  }

  private void field(String name, @Nullable Object value) {
    if (value != null) {
      context.print(String.format(Locale.ROOT, "%-9s %s", name, TextLayout.line(value.toString())));
    }
  }
}
