package dev.memlane.cli;

import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.Page;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists memories, page by page. */
@Command(name = "list", description = "Lists memories, page by page, in order of their ids.", footer = {"",
    "Examples:", "  memlane list", "  memlane list --user ada --filter topic=travel --limit 100",
    "  memlane list --after 0198c5a2-7c1e-7a50-9d53-0242ac120002", "",
    "'memlane search --help' explains the conditions."})
final class ListCommand implements Callable<Integer> {

  private final Context context;

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = {"-f",
      "--filter"}, paramLabel = "CONDITION", description = "Only memories whose metadata meet this. Repeatable; all must hold.")
  private List<String> filters = new ArrayList<>();

  @Option(names = {"-n",
      "--limit"}, paramLabel = "N", defaultValue = "20", description = "How many at most (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Option(names = "--after", paramLabel = "ID", converter = MemoryIdConverter.class, description = "Begin after this id, where the last page ended.")
  private @Nullable MemoryId after;

  @Option(names = "--expired", description = "Also those that have expired and have not been deleted yet.")
  private boolean expired;

  ListCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (limit < 1 || limit > MemoryOrchestrator.LONGEST_PAGE) {
      throw new UsageException("--limit is " + limit + "; it must be 1 to " + MemoryOrchestrator.LONGEST_PAGE);
    }
    Scope where = scope.scope();
    Filter filter = Context.fromArguments(() -> FilterSyntax.parse(filters));
    try (Session session = context.open()) {
      Page page = session.blocking().list(where, filter, after, limit,
          expired ? Expired.INCLUDED : Expired.LEFT_OUT);
      MemoryId next = page.next();
      context.answer(() -> Json.object("memories", page.memories().stream().map(Json::memory).toList(), "next",
          next == null ? null : next.toString()), () -> {
            for (Memory memory : page.memories()) {
              context.print(Layout.shortened(Layout.said(memory), Layout.COLUMNS));
              context.print("  " + Layout.about(memory));
            }
            context.print(page.memories().isEmpty()
                ? "No memories."
                : next == null
                    ? "That is all."
                    : "There are more; the same command with --after " + next + " shows them.");
          });
      return 0;
    }
  }
}
