package dev.memlane.cli.internal.evaluation;

import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.TextLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The figures of an evaluation, for people and for programs.
 *
 * @param model what made the vectors
 * @param results one for each variant; the first one is reported in detail, and the others are compared with it. What was found
 * through facts is compared with what was found through turns in the same mode
 * @param earlier an earlier run to compare with; null for none
 * @param facts the facts that were searched; null if none were
 */
public record EvalReport(EvalSet set, String model, List<EvalResult> results, @Nullable EarlierRun earlier,
    @Nullable FactFigures facts) {

  /** The name of the {@link EvalSet#fingerprint}. */
  static final String DATA_SET = "dataSet";
  /** The name of the {@link FactFigures}. */
  static final String FACTS = "facts";

  private static final int PLOTTED_DEPTH = 10;
  private static final int NAME_COLUMNS = 17;

  /** The first mode's figures, and those of every mode under {@code modes}. */
  public Map<String, @Nullable Object> json(long nanoseconds) {
    Map<String, @Nullable Object> json = Json.object("conversations", set.collections().size(), "memories",
        set.memories(), "questions", set.questions(), "leftOut", set.leftOut(), DATA_SET, set.fingerprint(), "model",
        model);
    EvalResult first = results.getFirst();
    json.putAll(first.json(first));
    json.put("modes", results.stream().map(result -> result.json(other(result))).toList());
    json.put(FACTS, facts == null ? null : facts.json());
    EarlierRun before = earlier;
    if (before != null) {
      json.put("against",
          Json.object("model", before.model(), "factsBy", before.factsBy(), "modes", results.stream().map(result -> {
            EarlierRun.Way with = before.counterpart(result.variant());
            Map<String, @Nullable Object> row = Json.object("mode", result.variant().name(), EvalResult.THROUGH,
                result.variant().through().toString(), "with", with.mode(), "withThrough", with.through());
            row.putAll(EvalResult.json(before.difference(result)));
            return row;
          }).toList()));
    }
    json.put("seconds", Json.seconds(nanoseconds));
    return json;
  }

  /** What a result is compared with: of facts the same mode through turns, of turns the first result. */
  private EvalResult other(EvalResult result) {
    return result.variant().through() == EvalSource.TURNS
        ? results.getFirst()
        : through(EvalSource.TURNS).filter(turns -> turns.variant().name().equals(result.variant().name())).findFirst()
            .orElse(result);
  }

  private Stream<EvalResult> through(EvalSource source) {
    return results.stream().filter(result -> result.variant().through() == source);
  }

  /** The results of the first mode: through turns, and through facts and both if there are any. */
  private Stream<EvalResult> ofFirstMode() {
    return results.stream().filter(result -> result.variant().name().equals(results.getFirst().variant().name()));
  }

  /** Tables: the variants, what each brings, the categories of the first one, and its sessions. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(summary());
    if (facts != null) {
      lines.addAll(facts.lines());
    }
    EvalResult first = results.getFirst();
    if (first.overall().questions() > 0) {
      addTurns(lines, first);
    }
    if (results.stream().anyMatch(result -> result.sessions().questions() > 0)) {
      lines.add("");
      lines.add(String.format(Locale.ROOT, "%s%s  %9s", label("of sessions"), columns(), "questions"));
      results.forEach(result -> lines.add(String.format(Locale.ROOT, "%s%s  %,9d", label(result),
          result.sessions().row(), result.sessions().questions())));
    }
    return lines;
  }

  private void addTurns(List<String> lines, EvalResult first) {
    lines.add("");
    lines.add(String.format(Locale.ROOT, "%s%s  %7s  %7s", label("of turns"), columns(), "p50 ms", "p99 ms"));
    for (EvalResult result : results) {
      lines.add(String.format(Locale.ROOT, "%s%s  %7.2f  %7.2f  %s", label(result), result.overall().row(),
          result.milliseconds(50), result.milliseconds(99), result.variant().description()));
    }
    lines.add("");
    Bootstrap alone = Bootstrap.of(first.overall().eachAt(10));
    lines.add(String.format(Locale.ROOT, "@10 of %s: %.3f, 95 %% interval %.3f to %.3f", first.variant(), alone.mean(),
        alone.low(), alone.high()));
    through(EvalSource.TURNS).skip(1).forEach(result -> lines.add(difference(result)));
    if (facts != null) {
      lines.add("");
      lines.add("@10 through facts, and through both, against turns in the same mode:");
      results.stream().filter(result -> result.variant().through() != EvalSource.TURNS)
          .forEach(result -> lines.add(difference(result)));
    }
    EarlierRun before = earlier;
    if (before != null) {
      addEarlier(lines, before);
    }
    ofFirstMode().forEach(result -> {
      lines.add("");
      lines.add(String.format(Locale.ROOT, "%s%s  %9s", label(result), columns(), "questions"));
      result.byCategory().forEach((category, recall) -> lines.add(String.format(Locale.ROOT, "%s%s  %,9d",
          label(TextLayout.shortened(set.categoryName(category), NAME_COLUMNS)), recall.row(), recall.questions())));
    });
  }

  private void addEarlier(List<String> lines, EarlierRun before) {
    lines.add("");
    lines.add("@10 against the earlier run, with " + TextLayout.line(before.model())
        + (before.factsBy() == null ? "" : " and facts by " + TextLayout.line(before.factsBy())) + ":");
    for (EvalResult result : results) {
      EarlierRun.Way counterpart = before.counterpart(result.variant());
      lines.add(row(result, before.difference(result)) + (counterpart.equals(EarlierRun.Way.of(result.variant()))
          ? ""
          : "  with its " + TextLayout.line(counterpart.toString())));
    }
  }

  private String difference(EvalResult result) {
    return row(result, Bootstrap.difference(result.overall().eachAt(10), other(result).overall().eachAt(10)));
  }

  private String row(EvalResult result, Bootstrap difference) {
    return String.format(Locale.ROOT, "%s  %+.3f  (%+.3f to %+.3f, p %s)", label(result), difference.mean(),
        difference.low(), difference.high(), chance(difference.chance()));
  }

  /** What a row is about; with facts, in two columns. */
  private String label(EvalResult result) {
    return facts == null
        ? label(result.variant().name())
        : String.format(Locale.ROOT, "%-17s %-5s", result.variant().name(), result.variant().through());
  }

  private String label(String name) {
    return String.format(Locale.ROOT, facts == null ? "%-17s" : "%-23s", name);
  }

  private static String chance(double chance) {
    return chance < 0.001 ? "< 0.001" : String.format(Locale.ROOT, "%.3f", chance);
  }

  private String summary() {
    return String.format(Locale.ROOT, "%d conversations, %,d memories, %,d questions (%d left out), vectors by %s",
        set.collections().size(), set.memories(), set.questions(), set.leftOut(), model);
  }

  private static String columns() {
    StringBuilder depths = new StringBuilder();
    Recall.DEPTHS.forEach(depth -> depths.append(String.format(Locale.ROOT, "  %5s", "@" + depth)));
    return depths.append("   nDCG    MRR").toString();
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
    page.append("<h1>Recall</h1><p>").append(escaped(summary())).append("</p>\n");
    if (facts != null) {
      page.append("<h2>Facts</h2>\n");
      facts.lines().forEach(line -> page.append("<p>").append(escaped(line)).append("</p>\n"));
    }
    for (int depth : List.of(PLOTTED_DEPTH, Recall.DEEPEST)) {
      page.append("<h2>Recall@").append(depth).append(" by mode</h2>\n<table>\n");
      for (EvalResult result : results) {
        bar(page, result.variant() + ": " + result.variant().description(), result.overall().at(depth));
      }
      page.append("</table>\n");
    }
    page.append("<h2>Recall@").append(PLOTTED_DEPTH).append(" by category</h2>\n");
    for (EvalResult result : results) {
      page.append("<h3>").append(result.variant()).append("</h3>\n<table>\n");
      result.byCategory().forEach((category, recall) -> bar(page,
          escaped(set.categoryName(category)) + " (" + recall.questions() + " questions)", recall.at(PLOTTED_DEPTH)));
      page.append("</table>\n");
    }
    page.append("<h2>Latency</h2>\n<table>\n<tr><th>mode</th><th>p50 ms</th><th>p99 ms</th></tr>\n");
    for (EvalResult result : results) {
      page.append(String.format(Locale.ROOT,
          "<tr><td>%s</td><td class=\"number\">%.2f</td><td class=\"number\">%.2f</td></tr>%n", result.variant(),
          result.milliseconds(50), result.milliseconds(99)));
    }
    return page.append("</table>\n</body></html>\n").toString();
  }

  /** A name of a data set. */
  private static String escaped(String name) {
    return name.replace("&", "&amp;").replace("<", "&lt;");
  }

  /** @param label is not escaped */
  private static void bar(StringBuilder page, String label, double share) {
    page.append(String.format(Locale.ROOT,
        "<tr><td>%s</td><td class=\"bar\"><meter value=\"%.4f\"></meter></td><td class=\"number\">%.3f</td></tr>%n",
        label, share, share));
  }
}
