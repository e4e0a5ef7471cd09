package dev.memlane.endpoints;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The pauses after which an endpoint gets a request again that it has failed: exponential, with up to half of each
 * taken off at random, and 5 s at most.
 *
 * @param first the pause after the first failure
 */
public record Backoff(Duration first) {

  private static final Duration LONGEST = Duration.ofSeconds(5);
  private static final int MOST_DOUBLINGS = 20;

  /**
   * The pause after a failure.
   *
   * @param attempt how many attempts have failed, at least 1
   */
  public Duration pause(int attempt) {
    Duration doubled = first.multipliedBy(1L << Math.min(MOST_DOUBLINGS, attempt - 1));
    Duration longest = doubled.compareTo(LONGEST) < 0 ? doubled : LONGEST;
    return longest.minusNanos(ThreadLocalRandom.current().nextLong(longest.toNanos() / 2 + 1));
  }
}
