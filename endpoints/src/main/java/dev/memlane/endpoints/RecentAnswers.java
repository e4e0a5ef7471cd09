package dev.memlane.endpoints;

import java.time.Duration;
import org.HdrHistogram.Histogram;

/**
 * How long an endpoint's answers took lately, and how much they held: the present half minute and the one before.
 * Guarded by the pool's lock. Times are nanoseconds.
 */
final class RecentAnswers {

  private static final long HALF_MINUTE = 30_000_000_000L;
  private static final int DIGITS = 2;
  private static final double NANOS_PER_SECOND = 1e9;

  private Histogram present = new Histogram(DIGITS);
  private Histogram past = new Histogram(DIGITS);
  private long presentItems;
  private long pastItems;
  private long pastLength;
  private long begunAt;

  void add(long took, int items, long now) {
    turn(now);
    present.recordValue(Math.max(1, took));
    presentItems += items;
  }

  /** The time within which this share of the answers came; zero without any. */
  Duration percentile(double percent, long now) {
    turn(now);
    Histogram both = present.copy();
    both.add(past);
    return both.getTotalCount() == 0 ? Duration.ZERO : Duration.ofNanos(both.getValueAtPercentile(percent));
  }

  double itemsPerSecond(long now) {
    turn(now);
    long length = now - begunAt + pastLength;
    return length <= 0 ? 0 : (presentItems + pastItems) * NANOS_PER_SECOND / length;
  }

  private void turn(long now) {
    long age = now - begunAt;
    if (age < HALF_MINUTE) {
      return;
    }
    Histogram oldest = past;
    oldest.reset();
    boolean silent = age >= 2 * HALF_MINUTE;
    past = present;
    pastItems = silent ? 0 : presentItems;
    pastLength = silent ? 0 : age;
    if (silent) {
      past.reset();
    }
    present = oldest;
    presentItems = 0;
    begunAt = now;
  }
}
