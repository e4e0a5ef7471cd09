package dev.memlane.lanes;

import java.time.Duration;

/**
 * How durations are distributed, in buckets that are an eighth of their size wide: a percentile is at most that much too
 * high. Guarded by the executor's lock.
 */
final class Durations {

  private static final int PARTS_BITS = 3;
  private static final int PARTS = 1 << PARTS_BITS;

  private final long[] counts = new long[(Long.SIZE - PARTS_BITS) * PARTS];
  private long count;

  void add(long nanos) {
    counts[bucket(Math.max(0, nanos))]++;
    count++;
  }

  /** The time within which this share of them lies; zero without any. */
  Duration percentile(double percent) {
    long wanted = (long) Math.ceil(count * percent / 100);
    long seen = 0;
    for (int bucket = 0; bucket < counts.length && count > 0; bucket++) {
      seen += counts[bucket];
      if (seen >= wanted) {
        return Duration.ofNanos(most(bucket));
      }
    }
    return Duration.ZERO;
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
