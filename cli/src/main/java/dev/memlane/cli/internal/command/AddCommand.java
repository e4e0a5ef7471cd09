package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.NewMemory;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that stores one memory. */
@Command(name = "add", description = "Stores one memory.", footer = {"", "Examples:",
    "  memlane add \"Ada plays the oboe\" --user ada",
    "  memlane add \"I moved to Lisbon\" --user ada --run monday --actor Ada --metadata topic=home",
    "  memlane add \"Prefers tea\" --user ada --key drink", "  memlane add --user ada -- \"-5 degrees this morning\"",
    "",
    "A --key names one memory in its scope: adding it again returns that memory and changes nothing."})
final class AddCommand implements Callable<Integer> {

  private final CommandContext context;

  @Parameters(paramLabel = "TEXT", description = "What to remember.")
  private String text = "";

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = "--actor", paramLabel = "NAME", description = "Who said it.")
  private @Nullable String actor;

  @Option(names = "--key", paramLabel = "KEY", description = "Names the memory within its scope.")
  private @Nullable String key;

  @Option(names = "--revive", description = "Restores a memory that was deleted under this key.")
  private boolean revive;

  @Option(names = "--once", description = "Stores it only if its scope does not hold this text yet from another --once.")
  private boolean once;

  @Option(names = {"-m",
      "--metadata"}, paramLabel = "KEY=VALUE", description = "Further facts about it, for example topic=home, importance=3, tags=sea|hills. Repeatable.")
  private List<String> metadata = new ArrayList<>();

  @Option(names = "--occurred-at", paramLabel = "TIME", description = "When it happened, for example 2026-03-02 (its beginning in UTC) or 2026-03-02T09:14:00Z.")
  private @Nullable String occurredAt;

  @Option(names = "--expires-at", paramLabel = "TIME", description = "The time from which nothing finds it, for example 2027-01-01 or 2027-01-01T08:00:00+01:00; it is deleted then.")
  private @Nullable String expiresAt;

  @Mixin
  private final TimeOptions times = new TimeOptions();

  AddCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    NewMemory added = CommandContext.fromArguments(
        () -> NewMemory.builder(text, scope.required("a memory needs a scope")).key(key).revive(revive)
            .actor(actor)
            .metadata(ScalarSyntax.metadata(metadata))
            .occurredAt(times.read("--occurred-at", occurredAt))
            .expiresAt(times.read("--expires-at", expiresAt)).build());
    try (OpenMemory open = context.open(once)) {
      WriteOutcome outcome = BlockingMemory.await(open.addMemories(List.of(added))).get(0);
      Memory memory = switch (outcome) {
        case WriteOutcome.Stored stored -> stored.memory();
        case WriteOutcome.DuplicateOf duplicate -> duplicate.memory();
        case WriteOutcome.WasDeleted deleted -> throw new CommandFailure(
            deleted.describe() + "; add --revive restores it", null);
        default -> throw new MemoryWriteException(outcome, null);
      };
      context.answer(() -> {
        Map<String, @Nullable Object> json = Json.object("outcome", outcome.name());
        json.putAll(MemoryJson.memory(memory));
        return json;
      }, () -> context.print((outcome instanceof WriteOutcome.Stored ? "Stored " : "Was there already: ")
          + memory.id()));
      return 0;
    }
  }
}
