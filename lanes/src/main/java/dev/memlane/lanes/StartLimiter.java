package dev.memlane.lanes;

import java.util.ArrayDeque;
import java.util.Deque;

/** A limit on the starts of a lane in any minute. Guarded by the executor's lock. Times are nanoseconds. */
final class StartLimiter {

  private static final long MINUTE = 60_000_000_000L;

  private final int perMinute;
  private final Deque<Long> starts = new ArrayDeque<>();

  /** @param perMinute 0 for no limit */
  StartLimiter(int perMinute) {
    this.perMinute = perMinute;
  }

  /** The time at which the next task may start; not after now if it may start at once. */
  long readyAt(long now) {
    if (perMinute == 0 || starts.size() < perMinute) {
      return now;
    }
    return starts.element() + MINUTE;
  }

  void started(long now) {
    if (perMinute > 0) {
      if (starts.size() == perMinute) {
        starts.remove();
      }
      starts.add(now);
    }
  }
}
