package dev.memlane.perf.tests;

import java.util.Locale;

/**
 * A figure held against its bar.
 *
 * @param what what the figure is
 * @param value the figure: a ratio's is the median of its rounds
 * @param bar where it should be
 * @param judged whether it was measured at full size, so that it counts
 */
public record Verdict(String what, double value, Bar bar, boolean judged) {

  /**
   * Where a figure should be.
   *
   * @param limit the bar
   * @param atLeast whether it is the least that is wanted, or else the most
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

  /** Whether it is a reason to fail: measured at full size, and short of its bar. */
  public boolean isMissed() {
    return judged && !isMet();
  }
}
