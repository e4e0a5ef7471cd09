package dev.memlane.perf.tests;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Findings as text: a line for each contestant, and a column for each metric with the minimum and maximum of its
 * rounds.
 */
final class Table {

  private Table() {}

  static String of(Finding finding) {
    List<String> metrics = finding.measures().stream().map(Measure::metric).distinct().toList();
    Map<List<String>, Map<String, Measure>> rows = new LinkedHashMap<>();
    finding.measures().forEach(measure -> rows
        .computeIfAbsent(List.of(measure.contestant(), measure.parameter()), key -> new LinkedHashMap<>())
        .put(measure.metric(), measure));
    List<List<String>> cells = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of("", ""));
    metrics.forEach(metric -> head.addAll(List.of(metric, "")));
    cells.add(head);
    rows.forEach((key, byMetric) -> {
      List<String> row = new ArrayList<>(key);
      for (String metric : metrics) {
        Measure measure = byMetric.get(metric);
        row.add(measure == null ? "" : number(measure.median()));
        row.add(measure == null || measure.rounds().size() < 2
            ? ""
            : "(" + number(measure.least()) + ".." + number(measure.most()) + ")");
      }
      cells.add(row);
    });
    StringBuilder text = new StringBuilder();
    int columns = head.size();
    for (List<String> row : cells) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < columns; column++) {
        int at = column;
        int width = cells.stream().mapToInt(cell -> cell.get(at).length()).max().orElse(0);
        boolean left = column < 2 || column % 2 == 1;
        line.append("  ").append(left
            ? pad(row.get(column), width)
            : pad("", width - row.get(column).length())
                + row.get(column));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    finding.verdicts().forEach(verdict -> text.append(String.format(Locale.ROOT, "  %-7s %s: %s (%s)%n",
        verdict.isMet() ? "ok" : verdict.judged() ? "MISSED" : "below", verdict.what(), number(verdict.value()),
        verdict.bar() + (verdict.judged() ? "" : ", not judged at this size"))));
    finding.notes().forEach(note -> text.append("  ").append(note).append('\n'));
    if (finding.failure() != null) {
      text.append("  FAILED: ").append(finding.failure()).append('\n');
    }
    return text.toString();
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }

  /** Writes three significant digits, with separators between thousands. */
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "?";
    }
    double size = Math.abs(value);
    return String.format(Locale.ROOT, size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f", value);
  }
}
