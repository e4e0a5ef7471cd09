package dev.memlane.lanes;

import java.time.Duration;
import java.util.Arrays;

/**
 * A histogram of the durations of the last five minutes, including the current one. The width of a bucket is an
 * eighth of its values, so a percentile is at most an eighth too high. Guarded by the executor's lock. Times are
 * nanoseconds.
 */
final class RecentDurations {

  private static final int PARTS_BITS = 3;
  private static final int PARTS = 1 << PARTS_BITS;
  private static final int BUCKETS = (Long.SIZE - PARTS_BITS) * PARTS;
  private static final long MINUTE = 60_000_000_000L;
  private static final int MINUTES = 5;

  /** The counts of each of the last minutes, at the minute modulo their number. */
  private final int[][] counts = new int[MINUTES][BUCKETS];
  private final long origin;
  private long latest;

  /** @param now its beginning, by the same clock as later times */
  RecentDurations(long now) {
    this.origin = now;
  }

  void add(long nanos, long now) {
    advance(now);
    counts[(int) (latest % MINUTES)][bucket(Math.max(0, nanos))]++;
  }

  /** The duration that this percentage of the durations do not exceed; zero if there are none. */
  Duration percentile(double percent, long now) {
    advance(now);
    long count = 0;
    for (int[] minute : counts) {
      for (int each : minute) {
        count += each;
      }
    }
    long wanted = (long) Math.ceil(count * percent / 100);
    long seen = 0;
    for (int bucket = 0; bucket < BUCKETS && count > 0; bucket++) {
      for (int[] minute : counts) {
        seen += minute[bucket];
      }
      if (seen >= wanted) {
        return Duration.ofNanos(most(bucket));
      }
    }
    return Duration.ZERO;
  }

  private void advance(long now) {
    long minute = (now - origin) / MINUTE;
    for (long emptied = Math.max(latest + 1, minute - MINUTES + 1); emptied <= minute; emptied++) {
      Arrays.fill(counts[(int) (emptied % MINUTES)], 0);
    }
    latest = Math.max(latest, minute);
  }

  private static int bucket(long nanos) {
    if (nanos < PARTS) {
      return (int) nanos;
    }
    int shift = Long.SIZE - 1 - PARTS_BITS - Long.numberOfLeadingZeros(nanos);
    return (shift + 1) * PARTS + (int) (nanos >>> shift) - PARTS;
  }

  private static long most(int bucket) {
    if (bucket < PARTS) {
      return bucket;
    }
    int shift = bucket / PARTS - 1;
    return ((long) (bucket % PARTS + PARTS + 1) << shift) - 1;
  }
}
