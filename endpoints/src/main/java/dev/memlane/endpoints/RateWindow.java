package dev.memlane.endpoints;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * How much was begun within the last so many nanoseconds, and how much more may be. Guarded by the pool's lock. Times are
 * nanoseconds.
 */
final class RateWindow {

  /** Of what was begun within so small a part of the window only the sum is kept. */
  private static final long GRAINS = 1_000;

  private final long capacity;
  private final long length;
  private final Deque<Charge> charges = new ArrayDeque<>();
  private long charged;

  /** @param capacity the most within the length; at least 1 */
  RateWindow(long capacity, long length) {
    this.capacity = capacity;
    this.length = length;
  }

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
    throw new IllegalStateException("less was begun than is charged: " + charged + " of " + capacity);
  }

  /** How much can be begun now. */
  long room(long now) {
    expire(now);
    return Math.max(0, capacity - charged);
  }

  Charge charge(long amount, long now) {
    Charge newest = charges.peekLast();
    if (newest != null && now - newest.begunAt < length / GRAINS) {
      newest.at = now;
    } else {
      newest = new Charge(now);
      charges.add(newest);
    }
    newest.amount += amount;
    charged += amount;
    return newest;
  }

  /** Adds to what was begun then, or takes from it, unless it is forgotten already. */
  void correct(Charge charge, long difference) {
    if (!charge.expired) {
      charged += difference;
      charge.amount += difference;
    }
  }

  private void expire(long now) {
    for (Charge oldest = charges.peek(); oldest != null && oldest.at + length <= now; oldest = charges.peek()) {
      charges.remove();
      charged -= oldest.amount;
      oldest.expired = true;
    }
  }

  /** What was begun at about the same time. */
  static final class Charge {
    private final long begunAt;
    private long at;
    private long amount;
    private boolean expired;

    private Charge(long at) {
      this.begunAt = at;
      this.at = at;
    }
  }
}
