package dev.memlane.perf.tests;

import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * The figures of one contestant in one round.
 *
 * @param values by metric, such as {@value #PER_SECOND}
 */
public record Sample(Map<String, Double> values) {

  public static final String PER_SECOND = "per second";
  public static final String P50 = "p50 ms";
  public static final String P99 = "p99 ms";
  private static final double NANOS_A_MILLI = 1e6;

  public Sample {
    values = Map.copyOf(values);
  }

  /** A single figure. */
  public static Sample of(String metric, double value) {
    return new Sample(Map.of(metric, value));
  }

  /** Throughput, and the quantiles of latencies given in nanoseconds. */
  public static Sample of(Histogram latencies, double seconds) {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put(PER_SECOND, latencies.getTotalCount() / seconds);
    values.put(P50, latencies.getValueAtPercentile(50) / NANOS_A_MILLI);
    values.put(P99, latencies.getValueAtPercentile(99) / NANOS_A_MILLI);
    return new Sample(values);
  }
}
