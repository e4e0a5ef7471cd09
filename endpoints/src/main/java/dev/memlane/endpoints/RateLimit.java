package dev.memlane.endpoints;

/**
 * A rate limit: the most that may begin within any minute, wherever the provider's minutes begin.
 *
 * <p>
 * It consists of two sliding windows. The first is a minute long. The second is a fraction of a minute with the same
 * fraction of the limit, as short as still lets a useful amount through at once. It spreads the requests, so that a
 * minute's worth doesn't go out in one burst with a long silence after it. All access holds the pool's lock. Times are
 * nanoseconds.
 */
final class RateLimit {

  /**
   * A hundredth longer than a minute, because requests take different times to reach the provider, which counts them.
   */
  private static final long MINUTE = 60_600_000_000L;
  private static final int MOST_PARTS = 600;

  private final RateWindow minute;
  private final RateWindow pace;

  /**
   * @param perMinute the most in any minute; at least 1
   * @param atOnce how much must be let through at once, if the minute's limit is that high
   */
  RateLimit(long perMinute, long atOnce) {
    int parts = MOST_PARTS;
    // Dividing whole numbers loses a remainder, which must not be more than a fiftieth.
    while (parts > 1 && (perMinute / parts < atOnce || perMinute / parts * parts * 50 < perMinute * 49)) {
      parts--;
    }
    this.minute = new RateWindow(perMinute, MINUTE);
    this.pace = new RateWindow(perMinute / parts, MINUTE / parts);
  }

  /** The most that can begin at once. */
  long atOnce() {
    return pace.capacity();
  }

  /** When this amount can begin: now or earlier if at once. */
  long readyAt(long amount, long now) {
    return Math.max(minute.readyAt(amount, now), pace.readyAt(amount, now));
  }

  /** How much can begin now. */
  long room(long now) {
    return Math.min(minute.room(now), pace.room(now));
  }

  Charge charge(long amount, long now) {
    return new Charge(minute.charge(amount, now), pace.charge(amount, now), amount);
  }

  /** An amount that was charged to both windows. */
  final class Charge {
    private final RateWindow.Charge inMinute;
    private final RateWindow.Charge inPace;
    private long amount;

    private Charge(RateWindow.Charge inMinute, RateWindow.Charge inPace, long amount) {
      this.inMinute = inMinute;
      this.inPace = inPace;
      this.amount = amount;
    }

    /** Replaces an estimated amount by the actual one, in windows that still contain it. */
    void correct(long actual) {
      minute.correct(inMinute, actual - amount);
      pace.correct(inPace, actual - amount);
      amount = actual;
    }
  }
}
