package dev.memlane.cli.internal.command;

import dev.memlane.cli.internal.data.OpenMemory;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.orchestrator.VerifyReport;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command that compares the three stores. */
@Command(name = "verify", description = "Compares the three stores: core, history and vector index.", footer = {"",
    "Examples:", "  memlane verify", "  memlane verify --repair", "", "Exit status 1 while anything does not agree."})
final class VerifyCommand implements Callable<Integer> {

  private final CommandContext context;

  @Option(names = "--repair", description = "Make the index agree with core.")
  private boolean repair;

  VerifyCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    try (OpenMemory memory = context.open()) {
      VerifyReport report = memory.verify(repair);
      context.answer(() -> json(report), () -> print(context, report));
      int left = report.inconsistencies().size();
      if (left > 0) {
        context.console().say("memlane: the stores do not agree about " + TextLayout.number(left) + " memories; "
            + (repair
                ? "they could not be repaired: 'memlane reindex' rebuilds the whole index"
                : "'memlane verify --repair' repairs them"));
      }
      return left == 0 ? 0 : 1;
    }
  }

  static Map<String, @Nullable Object> json(VerifyReport report) {
    return Json.object("core", report.core(), "history", report.history(), "vector", report.vector(),
        "inconsistencies",
        report.inconsistencies().stream()
            .map(found -> Json.object("id", found.memory().toString(), "problem", found.problem())).toList(),
        "repaired", report.repaired());
  }

  static void print(CommandContext context, VerifyReport report) {
    context.print(String.format(Locale.ROOT, "core     %10s memories", TextLayout.number(report.core())));
    context.print(String.format(Locale.ROOT, "history  %10s entries", TextLayout.number(report.history())));
    context.print(String.format(Locale.ROOT, "vector   %10s documents", TextLayout.number(report.vector())));
    report.inconsistencies()
        .forEach(found -> context.print(found.memory() + "  " + TextLayout.line(found.problem())));
    if (report.repaired() > 0) {
      context.print(TextLayout.number(report.repaired()) + " repaired.");
    }
    if (report.isClean()) {
      context.print("All three agree.");
    }
  }
}
