package dev.memlane.endpoints;

import java.time.Duration;
import org.HdrHistogram.Histogram;

/**
 * The recent answers of an endpoint, in the current half minute and the one before: how long they took, and how many
 * items they held. All access holds the pool's lock. Times are nanoseconds.
 */
final class RecentAnswers {

  private static final long HALF_MINUTE = 30_000_000_000L;
  private static final int DIGITS = 2;
  private static final double NANOS_PER_SECOND = 1e9;

  private Histogram current = new Histogram(DIGITS);
  private Histogram previous = new Histogram(DIGITS);
  private long currentItems;
  private long previousItems;
  private long previousLength;
  private long begunAt;

  void add(long took, int items, long now) {
    rotate(now);
    current.recordValue(Math.max(1, took));
    currentItems += items;
  }

  /** The time within which this percentage of the answers came; zero if there was none. */
  Duration percentile(double percent, long now) {
    rotate(now);
    Histogram both = current.copy();
    both.add(previous);
    return both.getTotalCount() == 0 ? Duration.ZERO : Duration.ofNanos(both.getValueAtPercentile(percent));
  }

  double itemsPerSecond(long now) {
    rotate(now);
    long length = now - begunAt + previousLength;
    return length <= 0 ? 0 : (currentItems + previousItems) * NANOS_PER_SECOND / length;
  }

  private void rotate(long now) {
    long age = now - begunAt;
    if (age < HALF_MINUTE) {
      return;
    }
    Histogram oldest = previous;
    oldest.reset();
    boolean silent = age >= 2 * HALF_MINUTE;
    previous = current;
    previousItems = silent ? 0 : currentItems;
    previousLength = silent ? 0 : age;
    if (silent) {
      previous.reset();
    }
    current = oldest;
    currentItems = 0;
    begunAt = now;
  }
}
