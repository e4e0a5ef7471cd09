package dev.memlane.orchestrator;

import dev.memlane.model.InvalidInputException;
import java.time.Duration;
import java.time.Instant;

/**
 * Prefers what happened lately: a score is multiplied with {@code 1 - weight + weight * 2^(-age / halfLife)}. The age is
 * counted from when what a memory tells of happened, or else from when it was stored; what lies ahead has none.
 *
 * @param halfLife after how long half of what recency gives is left; longer than nothing
 * @param weight how much of a score is recency's, 0 to 1: what very old memories lose
 */
public record Recency(Duration halfLife, double weight) {

  /** The weight unless another is given: enough to decide between hits that are about as good. */
  public static final double WEIGHT = 0.3;

  /**
   * @throws InvalidInputException if a value is out of its range
   */
  public Recency {
    if (!halfLife.isPositive()) {
      throw new InvalidInputException("the half-life is " + halfLife + "; it must be longer than nothing");
    }
    if (!(weight >= 0 && weight <= 1)) {
      throw new InvalidInputException("the weight of recency is " + weight + "; it must be 0 to 1");
    }
  }

  /** What a score is multiplied with, in [1 - weight, 1]. */
  double factor(Instant time, Instant now) {
    Duration age = Duration.between(time, now);
    double halves = age.isNegative() ? 0 : seconds(age) / seconds(halfLife);
    return 1 - weight + weight * Math.pow(2, -halves);
  }

  private static double seconds(Duration duration) {
    return duration.toSeconds() + duration.toNanosPart() / 1e9;
  }
}
