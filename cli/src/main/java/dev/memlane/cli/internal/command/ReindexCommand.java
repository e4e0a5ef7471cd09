package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.AuditedMemory;
import dev.memlane.cli.internal.data.LocalMemory;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.server.AuditLog;
import dev.memlane.server.AuditLog.Action;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

/** The command that rebuilds the vector index from core. */
@Command(name = "reindex", description = "Rebuilds the vector index from core, then compares the stores.", footer = {"",
    "Examples:", "  memlane reindex", "  memlane reindex --language de",
    "  memlane reindex --index-vectors byte", "",
    "Core keeps the vectors, so nothing is embedded again unless the model has changed, or an older",
    "version made the vectors with names in them ('memlane stats' says so): then every memory is. If it",
    "is stopped, the next run resumes."})
final class ReindexCommand implements Callable<Integer> {

  private final CommandContext context;

  ReindexCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    context.requireNoServer("the server has the index open; stop it, then rebuild its index where its data is");
    Rebuilt rebuilt = AuditedMemory.act(context.auditLog(null), Action.REINDEX, AuditLog.values("everything", true),
        this::rebuild, done -> AuditLog.values("memories", done.report.core(), "inconsistencies",
            done.report.inconsistencies().size()));
    answer(rebuilt.report, rebuilt.nanos);
    return rebuilt.report.isClean() ? 0 : 1;
  }

  /** What was found after the index was rebuilt, and how long that took. */
  private record Rebuilt(VerifyReport report, long nanos) {}

  private Rebuilt rebuild() {
    long start = System.nanoTime();
    try (LocalMemory session = context.openHere(context.dataDirectory(), true)) {
      long elapsed = System.nanoTime() - start;
      return new Rebuilt(session.blocking().verify(false), elapsed);
    }
  }

  private void answer(VerifyReport report, long elapsed) {
    context.answer(() -> {
      Map<String, @Nullable Object> json = VerifyCommand.json(report);
      json.put("seconds", Json.seconds(elapsed));
      return json;
    }, () -> {
      context.print(String.format(Locale.ROOT, "Opened with a new index in %.1f s.", elapsed / 1e9));
      VerifyCommand.print(context, report);
    });
  }
}
