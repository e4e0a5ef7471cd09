package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.OpenMemory.StoreState;
import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.embedding.EmbeddingStats;
import dev.memlane.endpoints.EndpointStats;
import dev.memlane.model.IndexSummary;
import dev.memlane.model.VectorType;
import dev.memlane.orchestrator.BackgroundWork;
import dev.memlane.orchestrator.ModelChange;
import dev.memlane.orchestrator.Statistics;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

/** The command that shows the counts and sizes of the stores. */
@Command(name = "stats", description = "Shows what the stores hold, and what is in progress.", footer = {"",
    "Examples:", "  memlane stats", "  memlane stats --json"})
final class StatsCommand implements Callable<Integer> {

  private final CommandContext context;

  StatsCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    try (OpenMemory memory = context.open()) {
      StoreState state = memory.state();
      context.answer(() -> json(state), () -> print(state, memory.embedding() == null));
      return 0;
    }
  }

  private static Map<String, @Nullable Object> json(StoreState state) {
    Statistics statistics = state.statistics();
    EmbeddingStats embedding = statistics.embedding();
    return Json.object("memories", statistics.memories(), "entries", statistics.entries(), "coreBytes",
        statistics.coreBytes(), "historyBytes", statistics.historyBytes(), "index", json(statistics.index()),
        "indexProblem", statistics.indexProblem(), "embedding",
        Json.object("requests", embedding.requests(), "retries", embedding.retries(), "embedded", embedding.embedded(),
            "failed", embedding.failed(), "refused", embedding.refused(), "hits", embedding.hits(), "misses",
            embedding.misses(), "coalesced",
            embedding.coalesced(), "waiting", embedding.waiting(), "inFlight", embedding.inFlight(), "cacheBytes",
            embedding.cacheBytes(), "hitRate", embedding.hitRate(), "endpoints",
            embedding.endpoints().stream().map(StatsCommand::json).toList()),
        "writesInFlight", statistics.writesInFlight(), "unsettled",
        state.unsettled(), "unindexed",
        statistics.unindexed().stream()
            .map(left -> Json.object("id", left.memory().toString(), "problem", left.problem())).toList(),
        "background", statistics.background().stream().map(StatsCommand::json).toList(), "modelChange",
        statistics.modelChange() == null ? null : ModelCommand.json(statistics.modelChange()));
  }

  private static Map<String, @Nullable Object> json(BackgroundWork work) {
    return Json.object("name", work.name(), "failing", work.isFailing(), "lastSuccess", text(work.lastSuccess()),
        "lastFailure", text(work.lastFailure()), "lastProblem", work.lastProblem());
  }

  private static @Nullable String text(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }

  private static @Nullable Map<String, @Nullable Object> json(@Nullable IndexSummary index) {
    return index == null
        ? null
        : Json.object("model", index.model(), "dimension", index.dimension(), "vectors",
            index.vectors().toString(), "documents", index.documents(), "bytes", index.bytes(), "outdated",
            index.outdated());
  }

  private static Map<String, @Nullable Object> json(EndpointStats endpoint) {
    return Json.object("name", endpoint.name(), "state", TextLayout.name(endpoint.state()), "reason", endpoint.reason(),
        "inFlight", endpoint.inFlight(), "limit", endpoint.limit(), "requests", endpoint.requests(), "retries",
        endpoint.retries(), "succeeded",
        endpoint.succeeded(), "busy", endpoint.busy(), "failed", endpoint.failed(), "texts", endpoint.items(),
        "textsPerSecond", endpoint.itemsPerSecond(), "p50Milliseconds", endpoint.p50().toNanos() / 1e6,
        "p99Milliseconds", endpoint.p99().toNanos() / 1e6);
  }

  /** @param served whether a server has the memory open; then its endpoints are of interest however it was configured */
  private void print(StoreState state, boolean served) {
    Statistics statistics = state.statistics();
    row("memories", TextLayout.number(statistics.memories()), TextLayout.bytes(statistics.coreBytes()) + " in core");
    row("history", TextLayout.number(statistics.entries()),
        "entries, " + TextLayout.bytes(statistics.historyBytes()));
    IndexSummary index = statistics.index();
    if (index == null) {
      row("index", "", TextLayout.line(String.valueOf(statistics.indexProblem())));
    } else {
      row("index", TextLayout.number(index.documents()),
          "documents, " + TextLayout.bytes(index.bytes()) + ", " + index.dimension() + " dimensions as "
              + index.vectors() + (index.vectors() == VectorType.BIT ? "s and floats" : "s"));
      context.print("model      " + TextLayout.line(index.model()));
      String outdated = index.outdated();
      if (outdated != null) {
        context.print("           'memlane reindex' would make searches find more: " + outdated);
      }
    }
    ModelChange.Status change = statistics.modelChange();
    if (change != null) {
      context.print("change     " + ModelCommand.describe(change));
    }
    row("unsettled", TextLayout.number(state.unsettled().size()), "operations");
    state.unsettled().forEach(operation -> context.print("  " + operation));
    row("unindexed", TextLayout.number(statistics.unindexed().size()), "memories that searches miss");
    statistics.unindexed()
        .forEach(left -> context.print("  " + left.memory() + "  " + TextLayout.line(left.problem())));
    List<BackgroundWork> failing = statistics.background().stream().filter(BackgroundWork::isFailing).toList();
    row("background", TextLayout.number(failing.size()),
        "of " + statistics.background().size() + " kinds of work failing");
    failing
        .forEach(work -> context.print("  " + work.name() + ": " + TextLayout.line(String.valueOf(work.lastProblem()))
            + " (last success " + (work.lastSuccess() == null ? "none" : TextLayout.minute(work.lastSuccess())) + ")"));
    if (served || context.isConfigured()) {
      row("endpoints", TextLayout.number(statistics.embedding().endpoints().size()), "that make vectors:");
      MemoryLayout.endpoints(statistics.embedding().endpoints()).forEach(context::print);
    }
  }

  private void row(String name, String number, String what) {
    context.print(String.format(Locale.ROOT, "%-10s %12s  %s", name, number, what));
  }
}
