package dev.memlane.perf.tests;

import java.util.Collection;

/** Summaries of a few values. */
public final class Statistics {

  private Statistics() {}

  /** Returns the middle value, or the mean of the two in the middle; NaN if there are none. */
  public static double median(Collection<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    if (sorted.length == 0) {
      return Double.NaN;
    }
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
