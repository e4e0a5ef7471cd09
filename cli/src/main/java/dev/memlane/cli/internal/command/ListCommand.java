package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.Page;
import dev.memlane.orchestrator.TimePage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command that lists memories, page by page. */
@Command(name = "list", description = "Lists memories, page by page, in order of their ids or of time.", footer = {"",
    "Examples:", "  memlane list", "  memlane list --user ada --filter topic=travel --limit 100",
    "  memlane list --run monday --by time", "  memlane list --user ada --newest -n 5",
    "  memlane list --after 0198c5a2-7c1e-7a50-9d53-0242ac120002", "",
    "The time is when it happened, or else when it was stored; memories of the same time are in the order in which",
    "they were given. 'memlane search --help' explains the conditions."})
final class ListCommand implements Callable<Integer> {

  private final CommandContext context;

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = {"-f",
      "--filter"}, paramLabel = "CONDITION", description = "Only memories whose metadata meet this. Repeatable; all must hold.")
  private List<String> filters = new ArrayList<>();

  @Option(names = {"-n",
      "--limit"}, paramLabel = "N", defaultValue = "20", description = "How many at most (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Option(names = "--by", paramLabel = "ORDER", description = "id or time: the order; time is oldest first (default: id).")
  private @Nullable Order order;

  @Option(names = "--newest", description = "By time, newest first.")
  private boolean newest;

  @Option(names = "--after", paramLabel = "POSITION", description = "Begin after this id or position in time, where the previous page ended.")
  private @Nullable String after;

  @Option(names = "--expired", description = "Also those that have expired and have not been deleted yet.")
  private boolean expired;

  /** The order of a list. */
  enum Order {
    ID, TIME
  }

  /** A page in either order. */
  private record Listed(List<Memory> memories, @Nullable String next) {}

  ListCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (limit < 1 || limit > MemoryOrchestrator.LONGEST_PAGE) {
      throw new UsageException("--limit is " + limit + "; it must be 1 to " + MemoryOrchestrator.LONGEST_PAGE);
    }
    if (newest && order == Order.ID) {
      throw new UsageException("--newest lists by time; leave out --by id");
    }
    Scope where = scope.scope();
    Filter filter = CommandContext.fromArguments(() -> FilterSyntax.parse(filters));
    Expired which = expired ? Expired.INCLUDED : Expired.LEFT_OUT;
    Function<OpenMemory, Listed> list = newest || order == Order.TIME
        ? byTime(where, filter, which)
        : byId(where, filter, which);
    try (OpenMemory open = context.open()) {
      Listed page = list.apply(open);
      context.answer(() -> Json.object("memories", page.memories.stream().map(MemoryJson::memory).toList(), "next",
          page.next), () -> {
            for (Memory memory : page.memories) {
              context.print(TextLayout.shortened(MemoryLayout.said(memory), TextLayout.COLUMNS));
              context.print("  " + MemoryLayout.about(memory));
            }
            context.print(page.memories.isEmpty()
                ? "No memories."
                : page.next == null
                    ? "That is all."
                    : "There are more; the same command with --after " + page.next + " shows them.");
          });
      return 0;
    }
  }

  private Function<OpenMemory, Listed> byId(@Nullable Scope where, @Nullable Filter filter, Expired which) {
    MemoryId from = from(MemoryId::parse);
    return memory -> {
      Page page = memory.list(where, filter, from, limit, which);
      return new Listed(page.memories(), page.next() == null ? null : page.next().toString());
    };
  }

  private Function<OpenMemory, Listed> byTime(@Nullable Scope where, @Nullable Filter filter, Expired which) {
    TimePosition from = from(TimePosition::parse);
    TimeOrder direction = newest ? TimeOrder.NEWEST_FIRST : TimeOrder.OLDEST_FIRST;
    return memory -> {
      TimePage page = memory.listByTime(where, filter, direction, from, limit, which);
      return new Listed(page.memories(), page.next() == null ? null : page.next().toString());
    };
  }

  private <T> @Nullable T from(Function<String, T> parse) {
    String text = after;
    return text == null ? null : CommandContext.fromArguments(() -> parse.apply(text));
  }
}
