package dev.memlane.perf.tests;

import java.util.Locale;

/**
 * A figure compared with its bar.
 *
 * @param what the name of the figure
 * @param value the figure; of a ratio, the median of its rounds
 * @param bar the bar
 * @param judged whether it was measured at full size, so that it counts
 */
public record Verdict(String what, double value, Bar bar, boolean judged) {

  /**
   * A limit for a figure.
   *
   * @param limit the limit
   * @param atLeast whether the figure must be at least the limit, or else at most
   */
  public record Bar(double limit, boolean atLeast) {

    public static Bar atLeast(double limit) {
      return new Bar(limit, true);
    }

    public static Bar atMost(double limit) {
      return new Bar(limit, false);
    }

    boolean isMetBy(double value) {
      return atLeast ? value >= limit : value <= limit;
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%s %s", atLeast ? "at least" : "at most", Table.number(limit));
    }
  }

  public boolean isMet() {
    return bar.isMetBy(value);
  }

  /** Whether the figure fails the run: it was measured at full size and misses its bar. */
  public boolean isMissed() {
    return judged && !isMet();
  }
}
