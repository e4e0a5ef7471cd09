package dev.memlane.lanes;

import java.util.ArrayDeque;
import java.util.Deque;

/** When a lane may start its next task, so that no minute has more starts than it may. Guarded by the executor's lock. */
final class StartRate {

  private static final long MINUTE = 60_000_000_000L;

  private final int perMinute;
  private final Deque<Long> starts = new ArrayDeque<>();

  /** @param perMinute 0 for no limit */
  StartRate(int perMinute) {
    this.perMinute = perMinute;
  }

  /** When a task may start; now or earlier if at once. */
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
