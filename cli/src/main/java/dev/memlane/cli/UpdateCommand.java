package dev.memlane.cli;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.OperationId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Changes one memory. */
@Command(name = "update", description = "Changes one memory; its history keeps what it was.", footer = {"",
    "Examples:", "  memlane update 0198c5a2-7c1e-7a50-9d53-0242ac120002 \"Ada plays the cello\"",
    "  memlane update 0198c5a2-7c1e-7a50-9d53-0242ac120002 --metadata topic=music --metadata importance=4"})
final class UpdateCommand implements Callable<Integer> {

  private final Context context;

  @Parameters(index = "0", paramLabel = "ID", converter = MemoryIdConverter.class, description = "The memory's id.")
  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  private MemoryId id;

  @Parameters(index = "1", arity = "0..1", paramLabel = "TEXT", description = "The new text; without one only the metadata change.")
  private @Nullable String text;

  @Option(names = {"-m",
      "--metadata"}, paramLabel = "KEY=VALUE", description = "The new metadata, in place of all that is there. Repeatable.")
  private List<String> metadata = new ArrayList<>();

  @Option(names = "--expect", paramLabel = "OP", converter = OperationIdConverter.class, description = "Change it only if its \"op\" (get shows it) is still this one.")
  private @Nullable OperationId expected;

  @Option(names = "--actor", paramLabel = "NAME", description = "Who makes the change, for the history.")
  private @Nullable String actor;

  UpdateCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (text == null && metadata.isEmpty()) {
      throw new UsageException("what is to change? Give a TEXT, or --metadata");
    }
    MemoryUpdate update = Context.fromArguments(() -> new MemoryUpdate(id, text,
        metadata.isEmpty() ? null : ScalarSyntax.metadata(metadata), actor, expected));
    try (Session session = context.open()) {
      Memory memory = session.blocking().updateMemory(update);
      context.answer(() -> Json.memory(memory),
          () -> context.print("Updated " + memory.id() + ", now version " + memory.version()));
      return 0;
    }
  }
}
