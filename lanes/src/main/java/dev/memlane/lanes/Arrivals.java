package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Jobs that were submitted to a lane without its executor's lock, and that nobody has taken in yet. As many may come as there
 * is room for, which is told by who takes in those before. Safe for use by several threads.
 */
final class Arrivals {

  /** What has arrived, the latest first, and for how many more there is room; ends with one without a job. */
  private record Arrival(@Nullable Job<?> job, @Nullable Arrival before, int count, int room) {

    /** Not of all that are before it. */
    @Override
    public String toString() {
      return "Arrival[" + job + ", " + count + " in all, room for " + room + "]";
    }

    static Arrival none(int room) {
      return new Arrival(null, null, 0, room);
    }
  }

  private final AtomicReference<Arrival> latest;

  Arrivals(int room) {
    this.latest = new AtomicReference<>(Arrival.none(room));
  }

  boolean isEmpty() {
    return latest.get().count == 0;
  }

  /** Returns false if it is not known that there is room. */
  boolean add(Job<?> job) {
    while (true) {
      Arrival before = latest.get();
      if (before.room == 0) {
        return false;
      }
      if (latest.compareAndSet(before, new Arrival(job, before, before.count + 1, before.room - 1))) {
        return true;
      }
    }
  }

  /**
   * Takes what has arrived.
   *
   * @param room for how many there is room in all, those that are taken among them; for more if more were let in before
   * @return the oldest first
   */
  List<Job<?>> takeAll(int room) {
    Arrival taken = latest.get();
    while (!latest.compareAndSet(taken, Arrival.none(Math.max(0, room - taken.count)))) {
      taken = latest.get();
    }
    List<Job<?>> jobs = new ArrayList<>(taken.count);
    for (Arrival arrival = taken; arrival != null && arrival.job != null; arrival = arrival.before) {
      jobs.add(arrival.job);
    }
    Collections.reverse(jobs);
    return jobs;
  }
}
