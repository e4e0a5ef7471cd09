package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.data.OutcomeWords;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.cli.internal.terminal.UsageException;
import dev.memlane.model.Filter;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.orchestrator.Expired;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that deletes one memory, or all memories of a scope. */
@Command(name = "delete", description = "Deletes one memory, or with --all those of a scope. Histories stay, unless they are purged.", footer = {
    "", "Examples:", "  memlane delete 0198c5a2-7c1e-7a50-9d53-0242ac120002",
    "  memlane delete --all --user ada --yes",
    "  memlane delete --all --user ada --filter topic=travel --yes",
    "  memlane delete --all --user ada --purge-history --yes", "",
    "With --purge-history no store holds the content any more, including the history and the files of the index. It",
    "also purges memories that were deleted before: by ID, or with --all and without --filter. After a failure, the",
    "same command resumes. PostgreSQL's own files, logs and backups keep old data for a while: see docs/consistency.md."})
final class DeleteCommand implements Callable<Integer> {

  private final CommandContext context;

  @Parameters(arity = "0..1", paramLabel = "ID", converter = MemoryIdConverter.class, description = "The memory's id.")
  private @Nullable MemoryId id;

  @Option(names = "--expect", paramLabel = "OP", converter = OperationIdConverter.class, description = "Delete it only if its \"op\" (get shows it) is still this one.")
  private @Nullable OperationId expected;

  @Option(names = "--actor", paramLabel = "NAME", description = "Who deletes it, for the history.")
  private @Nullable String actor;

  @Option(names = "--all", description = "Delete all memories of the scope; needs --yes.")
  private boolean all;

  @Option(names = "--yes", description = "Confirms that all of them are to be deleted.")
  private boolean yes;

  @Option(names = "--purge-history", description = "Erase the history as well, and everything that the files of the index still hold.")
  private boolean purgeHistory;

  @Mixin
  private final ScopeOptions scope = new ScopeOptions();

  @Option(names = {"-f",
      "--filter"}, paramLabel = "CONDITION", description = "With --all: only memories whose metadata meet this. Repeatable; all must hold.")
  private List<String> filters = new ArrayList<>();

  DeleteCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    MemoryId one = id;
    if (all == (one != null)) {
      throw new UsageException(
          all ? "an ID and --all exclude each other" : "nothing to delete is given: give an ID, or --all and a scope");
    }
    if (one != null) {
      if (scope.scope() != null || !filters.isEmpty()) {
        throw new UsageException("--user, --agent, --run and --filter go with --all");
      }
      return deleteOne(CommandContext.fromArguments(() -> new MemoryDeletion(one, actor, expected, purgeHistory)));
    }
    if (expected != null || actor != null) {
      throw new UsageException("--expect and --actor go with an ID");
    }
    return deleteAll();
  }

  private int deleteOne(MemoryDeletion deletion) {
    try (OpenMemory memory = context.open()) {
      WriteOutcome.Deleted deleted = memory.deleteMemory(deletion);
      context.answer(
          () -> Json.object("deleted", 1, "purged", deletion.purgesHistory() ? 1 : 0, "failed", 0, "id",
              deleted.id().toString(), "op",
              deleted.op().toString(), "version", deleted.version()),
          () -> context.print((deletion.purgesHistory() ? "Erased " : "Deleted ") + deleted.id()));
      return 0;
    }
  }

  private int deleteAll() {
    Scope where = scope.required("the scope to delete is missing");
    Filter filter = CommandContext.fromArguments(() -> FilterSyntax.parse(filters));
    try (OpenMemory memory = context.open()) {
      if (!yes) {
        long count = memory.count(where, filter, Expired.INCLUDED);
        throw new UsageException("this would delete " + TextLayout.number(count) + " memories of " + where
            + (filter == null ? " and its conversations" : "") + (purgeHistory ? ", and erase their histories" : "")
            + "; to do so, repeat the command with --yes");
      }
      DeleteReport report = memory.deleteAll(where, filter, purgeHistory);
      context.answer(
          () -> Json.object("deleted", report.deleted(), "purged", report.purged(), "messages",
              report.messages(), "failed", report.failed(), "failures",
              report.failures().stream().map(OutcomeWords::describe).toList()),
          () -> context.print("Deleted " + TextLayout.number(report.deleted())
              + (purgeHistory ? ", erased " + TextLayout.number(report.purged()) : "")
              + (report.messages() > 0
                  ? ", and " + TextLayout.number(report.messages()) + " messages of conversations"
                  : "")));
      report.failures().forEach(failure -> context.console().say("memlane: " + OutcomeWords.describe(failure)));
      return report.failed() == 0 ? 0 : 1;
    }
  }
}
