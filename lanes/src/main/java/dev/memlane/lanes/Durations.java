package dev.memlane.lanes;

import java.time.Duration;
import java.util.Arrays;

/**
 * How durations of late are distributed: those of the last five minutes, the running one included. They lie in buckets that are an
 * eighth of their size wide, so a percentile is at most that much too high. Guarded by the executor's lock.
 */
final class Durations {

  private static final int PARTS_BITS = 3;
  private static final int PARTS = 1 << PARTS_BITS;
  private static final int BUCKETS = (Long.SIZE - PARTS_BITS) * PARTS;
  private static final long MINUTE = 60_000_000_000L;
  private static final int MINUTES = 5;

  /** The counts of each of the last minutes, the minute modulo their number. */
  private final int[][] counts = new int[MINUTES][BUCKETS];
  private final long origin;
  private long latest;

  /** @param now its beginning, by the clock whose times are given */
  Durations(long now) {
    this.origin = now;
  }

  void add(long nanos, long now) {
    advance(now);
    counts[(int) (latest % MINUTES)][bucket(Math.max(0, nanos))]++;
  }

  /** The time within which this share of them lies; zero without any. */
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
