package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.terminal.CommandFailure;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.model.Details;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.orchestrator.HistoryPage;
import dev.memlane.orchestrator.MemoryOrchestrator;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that shows one memory's history. */
@Command(name = "history", description = "Shows a memory's history: when it changed, by whom, from what to what.", footer = {
    "", "Example:", "  memlane history 0198c5a2-7c1e-7a50-9d53-0242ac120002", "",
    "A deleted memory's history is still there, unless it was purged (delete --purge-history)."})
final class HistoryCommand implements Callable<Integer> {

  private final CommandContext context;

  @Parameters(paramLabel = "ID", converter = MemoryIdConverter.class, description = "The memory's id.")
  @SuppressWarnings("NullAway.Init") // required, so set by picocli
  private MemoryId id;

  @Option(names = "--limit", paramLabel = "N", defaultValue = "100", description = "The most changes to show, latest ones (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Option(names = "--before", paramLabel = "VERSION", description = "Show the changes before this version.")
  private @Nullable Integer before;

  HistoryCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (limit < 1 || limit > MemoryOrchestrator.LONGEST_HISTORY) {
      throw new UsageException("--limit is " + limit + "; it must be 1 to " + MemoryOrchestrator.LONGEST_HISTORY);
    }
    try (OpenMemory memory = context.open()) {
      HistoryPage page = CommandContext.fromArguments(() -> memory.history(id, before, limit));
      List<HistoryEntry> entries = page.entries().reversed();
      if (entries.isEmpty()) {
        throw new CommandFailure(before == null
            ? "there is no memory " + id + " and there was none"
            : "there is nothing before version " + before + " of memory " + id);
      }
      Integer next = page.next();
      context.answer(
          () -> Json.object("id", id.toString(), "entries", entries.stream().map(MemoryJson::historyEntry).toList(),
              "next",
              next),
          () -> entries.forEach(entry -> lines(entry).forEach(context::print)));
      if (next != null) {
        context.console().say("Earlier ones: memlane history " + id + " --before " + next);
      }
      return 0;
    }
  }

  /** One entry for people: a line with the time and the kind, then the removed (-) and the added (+) values. */
  static List<String> lines(HistoryEntry entry) {
    List<String> lines = new ArrayList<>();
    String what = switch (entry.kind()) {
      case ADD -> "added  ";
      case UPDATE -> "updated";
      case DELETE -> "deleted";
      case ERASE -> "erased ";
    };
    lines.add("v" + entry.version() + "  " + TextLayout.minute(entry.at()) + "  " + what
        + (entry.actor() == null ? "" : "  by " + TextLayout.line(entry.actor())));
    if (!Objects.equals(entry.oldContent(), entry.newContent())) {
      change(lines, "-", entry.oldContent());
      change(lines, "+", entry.newContent());
    }
    if (!Objects.equals(entry.oldMetadata(), entry.newMetadata())) {
      change(lines, "-", metadata(entry.oldMetadata()));
      change(lines, "+", metadata(entry.newMetadata()));
    }
    change(lines, "-", details(entry.oldDetails()));
    change(lines, "+", details(entry.newDetails()));
    return lines;
  }

  private static @Nullable String metadata(@Nullable Metadata metadata) {
    return metadata == null || metadata.isEmpty() ? null : "[" + ScalarSyntax.written(metadata) + "]";
  }

  private static @Nullable String details(@Nullable Details details) {
    if (details == null) {
      return null;
    }
    StringJoiner joiner = new StringJoiner(", ", "(", ")").setEmptyValue("(no speaker, no time, no expiry)");
    if (details.actor() != null) {
      joiner.add("said by " + details.actor());
    }
    if (details.occurredAt() != null) {
      joiner.add("occurred " + details.occurredAt());
    }
    if (details.expiresAt() != null) {
      joiner.add("expires " + details.expiresAt());
    }
    return joiner.toString();
  }

  private static void change(List<String> lines, String sign, @Nullable String text) {
    if (text != null) {
      String lead = "    " + sign + " ";
      for (String line : TextLayout.wrap(TextLayout.line(text), TextLayout.COLUMNS - lead.length())) {
        lines.add(lead + line);
        lead = " ".repeat(lead.length());
      }
    }
  }
}
