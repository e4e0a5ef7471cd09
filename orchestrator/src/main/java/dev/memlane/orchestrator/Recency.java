package dev.memlane.orchestrator;

import dev.memlane.model.InvalidInputException;
import java.time.Duration;

/**
 * A preference for recent memories: a score is multiplied by {@code 1 - weight + weight * 2^(-age / halfLife)}. The age counts
 * from the time when the event of a memory occurred, or else when the memory was accepted; a time in the future counts as
 * age 0.
 *
 * @param halfLife the age at which half of the recency bonus is left; positive
 * @param weight the part of a score that depends on recency, 0 to 1; the most that a very old memory loses
 */
public record Recency(Duration halfLife, double weight) {

  /** The default weight: enough to decide between hits that are about equally good. */
  public static final double WEIGHT = 0.3;

  /**
   * @throws InvalidInputException if a value is out of its range
   */
  public Recency {
    if (!halfLife.isPositive()) {
      throw new InvalidInputException("the half-life is " + halfLife + "; it must be positive");
    }
    if (!(weight >= 0 && weight <= 1)) {
      throw new InvalidInputException("the weight of recency is " + weight + "; it must be 0 to 1");
    }
  }
}
