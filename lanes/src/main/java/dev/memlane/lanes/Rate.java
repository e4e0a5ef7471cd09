package dev.memlane.lanes;

/** How often something has happened of late, a second. Guarded by the executor's lock. */
final class Rate {

  private static final long SECOND = 1_000_000_000L;
  private static final int SECONDS = 60;

  /** How often in each of the last seconds, the second modulo their number. */
  private final int[] counts = new int[SECONDS];
  private final long origin;
  private long latest;

  /** @param now its beginning, by the clock whose times are given */
  Rate(long now) {
    this.origin = now;
  }

  void add(long now) {
    advance(now);
    counts[(int) (latest % SECONDS)]++;
  }

  /** The average of the last minute, or of the time since the beginning if that is less. */
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
