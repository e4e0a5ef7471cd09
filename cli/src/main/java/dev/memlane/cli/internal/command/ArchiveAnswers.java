package dev.memlane.cli.internal.command;

import dev.memlane.archive.ExportReport;
import dev.memlane.archive.ImportReport;
import dev.memlane.archive.LineNotice;
import dev.memlane.cli.internal.terminal.Json;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The results of export and import as answers: one line for people, or JSON. */
final class ArchiveAnswers {

  private static final double NANOS_PER_SECOND = 1e9;

  private ArchiveAnswers() {}

  static String summary(ExportReport report, String file) {
    return String.format(Locale.ROOT, "%,d memories and %,d deleted ones%s exported to %s in %.1f s", report.memories(),
        report.deleted(),
        report.messages() > 0
            ? String.format(Locale.ROOT, ", and %,d messages of conversations,", report.messages())
            : "",
        file, seconds(report.elapsed()));
  }

  static Map<String, @Nullable Object> json(ExportReport report, String file) {
    return Json.object("memories", report.memories(), "deleted", report.deleted(), "messages", report.messages(),
        "seconds",
        Json.seconds(report.elapsed().toNanos()), "file", file);
  }

  static String summary(ImportReport report) {
    double seconds = seconds(report.elapsed());
    return String.format(Locale.ROOT,
        "%,d read: %,d restored, %,d %s there already, %,d in another state, %,d failed in %.1f s (%,d/s)",
        report.read(), report.restored(), report.alreadyThere(), report.alreadyThere() == 1 ? "was" : "were",
        report.different(), report.failed(), seconds, Math.round(report.read() / Math.max(seconds, 0.001)));
  }

  static Map<String, @Nullable Object> json(ImportReport report) {
    return Json.object("read", report.read(), "restored", report.restored(), "alreadyThere", report.alreadyThere(),
        "different", report.different(), "failed", report.failed(), "edited", report.edited(), "complete",
        report.whole(), "seconds", Json.seconds(report.elapsed().toNanos()), "failures",
        report.failures().stream().map(failure -> Json.object("line", failure.line(), "error", message(failure)))
            .toList(),
        "ended", report.ended());
  }

  /** The notice's message, with the option that helps. */
  static String message(LineNotice notice) {
    return notice.kind() == LineNotice.Kind.CONTRADICTORY
        ? notice.message() + "; --accept-edits imports what the line says now as an edit"
        : notice.message();
  }

  private static double seconds(Duration elapsed) {
    return elapsed.toNanos() / NANOS_PER_SECOND;
  }
}
