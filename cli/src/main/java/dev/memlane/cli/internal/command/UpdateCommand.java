package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.OperationId;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that changes one memory. */
@Command(name = "update", description = "Changes one memory; its history keeps the old state.", footer = {"",
    "Examples:", "  memlane update 0198c5a2-7c1e-7a50-9d53-0242ac120002 \"Ada plays the cello\"",
    "  memlane update 0198c5a2-7c1e-7a50-9d53-0242ac120002 --metadata topic=music --metadata importance=4",
    "  memlane update 0198c5a2-7c1e-7a50-9d53-0242ac120002 --occurred-at 2026-03-02 --clear expires-at"})
final class UpdateCommand implements Callable<Integer> {

  private final CommandContext context;

  @Parameters(index = "0", paramLabel = "ID", converter = MemoryIdConverter.class, description = "The memory's id.")
  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  private MemoryId id;

  @Parameters(index = "1", arity = "0..1", paramLabel = "TEXT", description = "The new text; without one it stays as it is.")
  private @Nullable String text;

  @Option(names = {"-m",
      "--metadata"}, paramLabel = "KEY=VALUE", description = "The new metadata, in place of all of the old. Repeatable.")
  private List<String> metadata = new ArrayList<>();

  @Option(names = "--said-by", paramLabel = "NAME", description = "Who said it.")
  private @Nullable String saidBy;

  @Option(names = "--occurred-at", paramLabel = "TIME", description = "When it happened.")
  private @Nullable String occurredAt;

  @Option(names = "--expires-at", paramLabel = "TIME", description = "The time from which nothing finds it.")
  private @Nullable String expiresAt;

  @Mixin
  private final TimeOptions times = new TimeOptions();

  @Option(names = "--clear", paramLabel = "WHAT", description = "Removes said-by, occurred-at or expires-at. A memory that has expired and still exists is then found again. Repeatable.")
  private List<Cleared> cleared = new ArrayList<>();

  @Option(names = "--expect", paramLabel = "OP", converter = OperationIdConverter.class, description = "Change it only if its \"op\" (get shows it) is still this one.")
  private @Nullable OperationId expected;

  @Option(names = "--actor", paramLabel = "NAME", description = "Who makes the change, for the history.")
  private @Nullable String actor;

  /** The values that a memory may lack. */
  enum Cleared {
    SAID_BY, OCCURRED_AT, EXPIRES_AT
  }

  UpdateCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (text == null && metadata.isEmpty() && saidBy == null && occurredAt == null && expiresAt == null
        && cleared.isEmpty()) {
      throw new UsageException(
          "nothing to change is given: give a TEXT, --metadata, --said-by, --occurred-at, --expires-at, "
              + "or --clear");
    }
    MemoryUpdate update = CommandContext.fromArguments(this::update);
    try (OpenMemory open = context.open()) {
      Memory memory = open.updateMemory(update);
      context.answer(() -> MemoryJson.memory(memory),
          () -> context.print("Updated " + memory.id() + ", now version " + memory.version()));
      return 0;
    }
  }

  private MemoryUpdate update() {
    MemoryUpdate.Builder update = MemoryUpdate.builder(id).content(text)
        .metadata(metadata.isEmpty() ? null : ScalarSyntax.metadata(metadata)).by(actor).expecting(expected);
    if (isChanged(Cleared.SAID_BY, saidBy)) {
      update.actor(saidBy);
    }
    if (isChanged(Cleared.OCCURRED_AT, occurredAt)) {
      update.occurredAt(times.read("--occurred-at", occurredAt));
    }
    if (isChanged(Cleared.EXPIRES_AT, expiresAt)) {
      update.expiresAt(times.read("--expires-at", expiresAt));
    }
    return update.build();
  }

  private boolean isChanged(Cleared what, @Nullable Object value) {
    if (value != null && cleared.contains(what)) {
      throw new UsageException("--" + TextLayout.name(what) + " and --clear " + TextLayout.name(what)
          + " contradict each other; leave one out");
    }
    return value != null || cleared.contains(what);
  }
}
