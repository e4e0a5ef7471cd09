package dev.memlane.perf.tests;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** A collector of a scenario's findings, round by round. Not safe for use by several threads. */
public final class FindingCollector {

  private record Key(String contestant, String parameter, String metric) {}

  private final Map<Key, List<Double>> values = new LinkedHashMap<>();
  private final List<Verdict> verdicts = new ArrayList<>();
  private final List<Plot> plots = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  /** Adds one round of a contestant. */
  public void add(String contestant, String parameter, Sample sample) {
    sample.values().keySet().stream().sorted(FindingCollector::throughputFirst).forEach(
        metric -> add(contestant, parameter, metric, sample.values().getOrDefault(metric, Double.NaN)));
  }

  /** Adds one figure of a round. */
  public void add(String contestant, String parameter, String metric, double value) {
    values.computeIfAbsent(new Key(contestant, parameter, metric), key -> new ArrayList<>()).add(value);
  }

  private static int throughputFirst(String one, String other) {
    return one.equals(other)
        ? 0
        : one.equals(Sample.PER_SECOND)
            ? -1
            : other.equals(Sample.PER_SECOND)
                ? 1
                : one.compareTo(other);
  }

  /**
   * Returns a contestant's rounds.
   *
   * @throws IllegalStateException if it has no round of this metric
   */
  public List<Double> rounds(String contestant, String parameter, String metric) {
    List<Double> rounds = values.get(new Key(contestant, parameter, metric));
    if (rounds == null) {
      throw new IllegalStateException("no " + metric + " of " + contestant + " with " + parameter);
    }
    return List.copyOf(rounds);
  }

  public double median(String contestant, String parameter, String metric) {
    return Statistics.median(rounds(contestant, parameter, metric));
  }

  /** Returns the median, over rounds, of the first contestant's metric divided by the second's. */
  public double ratio(String metric, String parameter, String over, String under) {
    return ratio(rounds(over, parameter, metric), rounds(under, parameter, metric));
  }

  /** Returns the median of the ratios within each round. */
  public static double ratio(List<Double> numerators, List<Double> denominators) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(numerators.size(), denominators.size()); i++) {
      ratios.add(numerators.get(i) / denominators.get(i));
    }
    return Statistics.median(ratios);
  }

  /**
   * Compares a figure with its bar.
   *
   * @param fullSize whether it was measured at full size, so that it counts
   */
  public void judge(String what, double value, Verdict.Bar bar, boolean fullSize) {
    verdicts.add(new Verdict(what, value, bar, fullSize));
  }

  /** Adds a plot. */
  public void plot(Plot plot) {
    plots.add(plot);
  }

  /** Adds a plot of latency distributions: the quantiles of each, in milliseconds. */
  public void plotLatencies(String title, Map<String, Histogram> nanosByName) {
    List<Plot.Line> lines = new ArrayList<>();
    nanosByName.forEach((name, histogram) -> {
      List<Double> tails = new ArrayList<>();
      List<Double> millis = new ArrayList<>();
      histogram.percentiles(5).forEach(step -> {
        // A quantile needs enough calls: a thousand calls say nothing about one in ten thousand.
        double tail = Math.min(1 / (1 - step.getPercentileLevelIteratedTo() / 100), (double) histogram.getTotalCount());
        if (tails.isEmpty() || tail > tails.getLast()) {
          tails.add(tail);
          millis.add(step.getValueIteratedTo() / 1e6);
        }
      });
      lines.add(new Plot.Line(name, tails, millis));
    });
    plots.add(new Plot(title, "one call in this many takes longer", "milliseconds", true, true, lines));
  }

  /** Adds a plot of a metric over a numeric parameter, such as callers. It shows medians of the rounds. */
  public void plotOver(String title, String x, String metric, List<String> contestants, List<Integer> parameters,
      String parameterUnit) {
    List<Plot.Line> lines = new ArrayList<>();
    for (String contestant : contestants) {
      lines.add(new Plot.Line(contestant, parameters.stream().map(Integer::doubleValue).toList(),
          parameters.stream().map(value -> median(contestant, value + " " + parameterUnit, metric)).toList()));
    }
    plots.add(new Plot(title, x, metric, true, false, lines));
  }

  /** Adds a line of text to the report. */
  public void note(String text) {
    notes.add(text);
  }

  Finding finding(Scenario scenario, double seconds, @Nullable Throwable failure) {
    return new Finding(scenario.name(), scenario.title(), seconds,
        values.entrySet().stream().map(entry -> new Measure(entry.getKey().contestant(), entry.getKey().parameter(),
            entry.getKey().metric(), entry.getValue())).toList(),
        verdicts, plots, notes, failure == null ? null : failure.toString());
  }
}
