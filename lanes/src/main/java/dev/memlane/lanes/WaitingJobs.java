package dev.memlane.lanes;

import java.util.Comparator;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The jobs of a lane that wait for their turn. Guarded by the executor's lock. Times are nanoseconds. */
final class WaitingJobs {

  private static final double NANOS_PER_POINT = 1e9;
  private static final long URGENT = 10_000_000_000L;
  private static final double URGENT_POINTS = 100;

  private final JobList oldestFirst = new JobList();
  private final TreeSet<Job<?>> mostUrgentFirst = new TreeSet<>(
      Comparator.<Job<?>>comparingLong(job -> job.deadline).thenComparingLong(job -> job.sequence));

  int size() {
    return oldestFirst.size();
  }

  void add(Job<?> job) {
    oldestFirst.add(job);
    if (job.deadline != Long.MAX_VALUE) {
      mostUrgentFirst.add(job);
    }
  }

  void remove(Job<?> job) {
    oldestFirst.remove(job);
    if (job.deadline != Long.MAX_VALUE) {
      mostUrgentFirst.remove(job);
    }
  }

  boolean hasDeadlines() {
    return !mostUrgentFirst.isEmpty();
  }

  JobList oldestFirst() {
    return oldestFirst;
  }

  /** The one whose turn is next, if there is one: the oldest, or the one with the nearest deadline. */
  @Nullable
  Job<?> candidate(long now) {
    Job<?> oldest = oldestFirst.first();
    if (oldest == null || mostUrgentFirst.isEmpty()) {
      return oldest;
    }
    Job<?> urgent = mostUrgentFirst.first();
    return priority(urgent, now) > priority(oldest, now) ? urgent : oldest;
  }

  /**
   * The lane's priority, a point more for each second that it has waited, so that none waits for ever, and up to a hundred in
   * the last ten seconds before the deadline.
   */
  static double priority(Job<?> job, long now) {
    double aged = job.lane.lane.priority() + (job.waited + now - job.queuedAt) / NANOS_PER_POINT;
    long left = job.deadline == Long.MAX_VALUE ? URGENT : Math.max(0, job.deadline - now);
    return left >= URGENT ? aged : aged + URGENT_POINTS * (URGENT - left) / URGENT;
  }
}
