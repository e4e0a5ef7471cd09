package dev.memlane.endpoints;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A limit on what is begun in any minute, kept by remembering what was begun.
 *
 * <p>
 * A minute's worth is not let out in one burst with a long silence after it: the limit is kept in equal parts of the
 * minute, as short as leaves each a useful amount. What keeps to a sixtieth in every second keeps to the whole in every
 * minute, wherever who counts lets his minutes begin. Guarded by the pool's lock. Times are nanoseconds.
 */
final class RateWindow {

  private static final long MINUTE = 60_000_000_000L;
  private static final int MOST_PARTS = 600;
  private static final int USEFUL = 10;

  private final long capacity;
  private final long length;
  private final Deque<Charge> charges = new ArrayDeque<>();
  private long charged;

  /**
   * @param perMinute the most in any minute
   * @param atLeast what a part of the minute has to hold, such as the units of one request
   */
  RateWindow(long perMinute, long atLeast) {
    int parts = MOST_PARTS;
    // Whole numbers lose something in parts; more than a fiftieth would be missed.
    while (parts > 1
        && (perMinute / parts < Math.max(USEFUL, atLeast) || perMinute / parts * parts * 50 < perMinute * 49)) {
      parts--;
    }
    this.capacity = Math.max(1, perMinute / parts);
    // A hundredth longer, because who counts is further away from some requests than from others.
    this.length = MINUTE / parts + MINUTE / parts / 100;
  }

  /** What fits into a part of the minute. */
  long capacity() {
    return capacity;
  }

  /** When so much can be begun; now or earlier if at once. What exceeds the capacity waits for all of it. */
  long readyAt(long amount, long now) {
    expire(now);
    long excess = charged + Math.min(amount, capacity) - capacity;
    if (excess <= 0) {
      return now;
    }
    for (Charge charge : charges) {
      excess -= charge.amount;
      if (excess <= 0) {
        return charge.at + length;
      }
    }
    throw new IllegalStateException("more is charged than was begun: " + charged + " of " + capacity);
  }

  /** How much can be begun now. */
  long room(long now) {
    expire(now);
    return Math.max(0, capacity - charged);
  }

  Charge charge(long amount, long now) {
    Charge charge = new Charge(now, amount);
    charges.add(charge);
    charged += amount;
    return charge;
  }

  /** Sets right what was estimated, unless it is forgotten already. */
  void correct(Charge charge, long amount) {
    if (!charge.expired) {
      charged += amount - charge.amount;
      charge.amount = amount;
    }
  }

  private void expire(long now) {
    for (Charge oldest = charges.peek(); oldest != null && oldest.at + length <= now; oldest = charges.peek()) {
      charges.remove();
      charged -= oldest.amount;
      oldest.expired = true;
    }
  }

  /** What was begun at a time. */
  static final class Charge {
    private final long at;
    private long amount;
    private boolean expired;

    private Charge(long at, long amount) {
      this.at = at;
      this.amount = amount;
    }
  }
}
