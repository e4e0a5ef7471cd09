package dev.memlane.perf.tests;

import java.util.List;

/**
 * One metric of one contestant, round by round.
 *
 * @param contestant the contestant's name
 * @param parameter the condition; empty if there is only one
 * @param metric the metric, with its unit
 * @param rounds the values, in the order of the rounds
 */
public record Measure(String contestant, String parameter, String metric, List<Double> rounds) {

  public Measure {
    rounds = List.copyOf(rounds);
  }

  public double median() {
    return Statistics.median(rounds);
  }

  public double least() {
    return rounds.stream().mapToDouble(Double::doubleValue).min().orElse(Double.NaN);
  }

  public double most() {
    return rounds.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
  }
}
