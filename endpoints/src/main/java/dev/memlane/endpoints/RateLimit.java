package dev.memlane.endpoints;

/**
 * A limit on what is begun in any minute, wherever who counts lets his minutes begin.
 *
 * <p>
 * Two windows keep it. The minute's knows all that was begun in the last minute. The other is as short as still lets a useful
 * amount through at once, in proportion: so a minute's worth doesn't go out in one burst, with a long silence after it.
 * Guarded by the pool's lock. Times are nanoseconds.
 */
final class RateLimit {

  /** A hundredth longer than a minute, because who counts is further away from some requests than from others. */
  private static final long MINUTE = 60_600_000_000L;
  private static final int MOST_PARTS = 600;

  private final RateWindow minute;
  private final RateWindow pace;

  /**
   * @param perMinute the most in any minute; at least 1
   * @param atOnce what has to be let through at once, if the minute has so much
   */
  RateLimit(long perMinute, long atOnce) {
    int parts = MOST_PARTS;
    // Whole numbers lose something in parts; more than a fiftieth would be missed.
    while (parts > 1 && (perMinute / parts < atOnce || perMinute / parts * parts * 50 < perMinute * 49)) {
      parts--;
    }
    this.minute = new RateWindow(perMinute, MINUTE);
    this.pace = new RateWindow(perMinute / parts, MINUTE / parts);
  }

  /** The most that goes out at once. */
  long atOnce() {
    return pace.capacity();
  }

  /** When so much can be begun; now or earlier if at once. */
  long readyAt(long amount, long now) {
    return Math.max(minute.readyAt(amount, now), pace.readyAt(amount, now));
  }

  /** How much can be begun now. */
  long room(long now) {
    return Math.min(minute.room(now), pace.room(now));
  }

  Charge charge(long amount, long now) {
    return new Charge(minute.charge(amount, now), pace.charge(amount, now), amount);
  }

  /** What was begun. */
  final class Charge {
    private final RateWindow.Charge inMinute;
    private final RateWindow.Charge inPace;
    private long amount;

    private Charge(RateWindow.Charge inMinute, RateWindow.Charge inPace, long amount) {
      this.inMinute = inMinute;
      this.inPace = inPace;
      this.amount = amount;
    }

    /** Sets right what was estimated, as far as it isn't forgotten. */
    void correct(long actual) {
      minute.correct(inMinute, actual - amount);
      pace.correct(inPace, actual - amount);
      amount = actual;
    }
  }
}
