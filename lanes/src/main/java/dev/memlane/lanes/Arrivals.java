package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The jobs that were submitted to a lane without the executor's lock and have not been taken in yet. The thread that
 * takes jobs in sets how many more may arrive. Safe for use by several threads.
 */
final class Arrivals {

  /** A stack of arrivals, latest first, and the room for more of them; the last element has no job. */
  private record Arrival(@Nullable Job<?> job, @Nullable Arrival before, int count, int room) {

    /** Leaves out the earlier arrivals. */
    @Override
    public String toString() {
      return "Arrival[" + job + ", " + count + " in total, room for " + room + "]";
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

  /** Adds a job if there is certainly room for it; returns whether it was added. */
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
   * Takes the jobs that have arrived.
   *
   * @param room how many jobs there is room for, including those that are taken; exceeded if more were allowed to
   * arrive before
   * @return the jobs, oldest first
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
