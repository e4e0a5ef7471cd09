package dev.memlane.lanes;

/** The recent rate of an event, per second. Guarded by the executor's lock. Times are nanoseconds. */
final class RecentRate {

  private static final long SECOND = 1_000_000_000L;
  private static final int SECONDS = 60;

  /** The count of each of the last seconds, at the second modulo their number. */
  private final int[] counts = new int[SECONDS];
  private final long origin;
  private long latest;

  /** @param now its beginning, by the same clock as later times */
  RecentRate(long now) {
    this.origin = now;
  }

  void add(long now) {
    advance(now);
    counts[(int) (latest % SECONDS)]++;
  }

  /** The average over the last minute, or since the beginning if that is shorter. */
  double perSecond(long now) {
    advance(now);
    long sum = 0;
    for (int count : counts) {
      sum += count;
    }
    double seconds = Math.clamp((double) (now - origin) / SECOND, 1, SECONDS);
    return sum / seconds;
  }

  private void advance(long now) {
    long second = (now - origin) / SECOND;
    for (long emptied = Math.max(latest + 1, second - SECONDS + 1); emptied <= second; emptied++) {
      counts[(int) (emptied % SECONDS)] = 0;
    }
    latest = Math.max(latest, second);
  }
}
