package dev.memlane.cli.internal.evaluation;

import dev.memlane.cli.internal.terminal.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The figures of an evaluation, for people and for programs.
 *
 * @param results one for each mode; the first one is reported in detail
 */
public record EvalReport(Locomo locomo, List<EvalResult> results) {

  private static final int PLOTTED_DEPTH = 10;

  /** The first mode's figures, and those of every mode under {@code modes}. */
  public Map<String, @Nullable Object> json(long nanoseconds) {
    Map<String, @Nullable Object> json = Json.object("conversations", locomo.conversations().size(), "memories",
        locomo.memories(), "questions", locomo.questions(), "leftOut", locomo.leftOut());
    json.putAll(results.getFirst().json());
    json.put("modes", results.stream().map(EvalResult::json).toList());
    json.put("seconds", Json.seconds(nanoseconds));
    return json;
  }

  /** Two tables: the modes, and the categories of the first mode. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(summary());
    lines.add("");
    lines.add(String.format(Locale.ROOT, "%-17s%s  %7s  %7s", "recall", depths(), "p50 ms", "p99 ms"));
    for (EvalResult result : results) {
      lines.add(String.format(Locale.ROOT, "%-17s%s  %7.2f  %7.2f  %s", result.mode(), result.overall().row(),
          result.milliseconds(50), result.milliseconds(99), result.mode().description()));
    }
    lines.add("");
    EvalResult first = results.getFirst();
    lines.add(String.format(Locale.ROOT, "%-17s%s  %9s", first.mode(), depths(), "questions"));
    first.byCategory().forEach((category, recall) -> lines.add(String.format(Locale.ROOT, "%-17s%s  %,9d",
        Locomo.CATEGORIES.get(category), recall.row(), recall.questions())));
    return lines;
  }

  private String summary() {
    return String.format(Locale.ROOT, "%d conversations, %,d memories, %,d questions (%d left out)",
        locomo.conversations().size(), locomo.memories(), locomo.questions(), locomo.leftOut());
  }

  private static String depths() {
    StringBuilder depths = new StringBuilder();
    Recall.DEPTHS.forEach(depth -> depths.append(String.format(Locale.ROOT, "  %5s", "@" + depth)));
    return depths.toString();
  }

  /** A complete page with a bar for each mode and category. */
  public String html() {
    StringBuilder page = new StringBuilder("""
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>Memlane: recall</title>
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <style>
        body { font: 14px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em;
          color: #222; background: #fff }
        table { border-collapse: collapse; width: 100%; margin-bottom: 2em }
        th { text-align: left; font-weight: 600 }
        td, th { padding: .2em .6em .2em 0; white-space: nowrap }
        td.bar { width: 100% }
        meter { width: 100%; height: 1.1em }
        td.number { text-align: right; font-variant-numeric: tabular-nums }
        </style></head><body>
        """);
    page.append("<h1>Recall</h1><p>").append(summary()).append("</p>\n");
    for (int depth : List.of(PLOTTED_DEPTH, Recall.DEEPEST)) {
      page.append("<h2>Recall@").append(depth).append(" by mode</h2>\n<table>\n");
      for (EvalResult result : results) {
        bar(page, result.mode() + ": " + result.mode().description(), result.overall().at(depth));
      }
      page.append("</table>\n");
    }
    page.append("<h2>Recall@").append(PLOTTED_DEPTH).append(" by category</h2>\n");
    for (EvalResult result : results) {
      page.append("<h3>").append(result.mode()).append("</h3>\n<table>\n");
      result.byCategory().forEach((category, recall) -> bar(page,
          Locomo.CATEGORIES.get(category) + " (" + recall.questions() + " questions)", recall.at(PLOTTED_DEPTH)));
      page.append("</table>\n");
    }
    page.append("<h2>Latency</h2>\n<table>\n<tr><th>mode</th><th>p50 ms</th><th>p99 ms</th></tr>\n");
    for (EvalResult result : results) {
      page.append(String.format(Locale.ROOT,
          "<tr><td>%s</td><td class=\"number\">%.2f</td><td class=\"number\">%.2f</td></tr>%n", result.mode(),
          result.milliseconds(50), result.milliseconds(99)));
    }
    return page.append("</table>\n</body></html>\n").toString();
  }

  /** @param label a text made here; it is not escaped */
  private static void bar(StringBuilder page, String label, double share) {
    page.append(String.format(Locale.ROOT,
        "<tr><td>%s</td><td class=\"bar\"><meter value=\"%.4f\"></meter></td><td class=\"number\">%.3f</td></tr>%n",
        label, share, share));
  }
}
