package dev.memlane.endpoints;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A sliding window: how much began within the last nanoseconds of its length, and how much more may. All access holds
 * the pool's lock. Times are nanoseconds.
 */
final class RateWindow {

  /** Charges within this fraction of the window are added up and kept as one. */
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

  /** When this amount can begin: now or earlier if at once. More than the capacity waits until the window is empty. */
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
    throw new IllegalStateException("the charges do not add up to what is charged: " + charged + " of " + capacity);
  }

  /** How much can begin now. */
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

  /** Adds to a charge, or takes from it, unless it has left the window. */
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

  /** The sum of what began at about the same time. */
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
