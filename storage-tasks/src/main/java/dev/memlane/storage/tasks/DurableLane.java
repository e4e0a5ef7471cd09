package dev.memlane.storage.tasks;

import dev.memlane.lanes.Lane;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A lane, and how many of its tasks have not ended. A task counts until its end is written down, so a database that is
 * slow or away doesn't let more and more of them pile up. Safe for use by several threads.
 */
final class DurableLane {

  private final Lane lane;
  private final boolean durable;
  private final AtomicInteger open = new AtomicInteger();

  DurableLane(Lane lane, boolean durable) {
    this.lane = lane;
    this.durable = durable;
  }

  Lane settings() {
    return lane;
  }

  boolean isDurable() {
    return durable;
  }

  /** How many tasks it has at most: those that wait, and those that run. */
  int bound() {
    return (int) Math.min(Integer.MAX_VALUE, (long) lane.queueBound() + lane.concurrency());
  }

  /** Counts a new task; returns false if the lane is full. */
  boolean admit() {
    if (open.incrementAndGet() > bound()) {
      leave();
      return false;
    }
    return true;
  }

  /** Counts a task that was accepted before this process began, whether or not there is room. */
  void readmit() {
    open.incrementAndGet();
  }

  void leave() {
    open.decrementAndGet();
  }
}
