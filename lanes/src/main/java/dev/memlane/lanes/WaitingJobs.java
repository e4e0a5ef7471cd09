package dev.memlane.lanes;

import java.util.Comparator;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The waiting jobs of a lane, by age and by deadline. Guarded by the executor's lock. Times are nanoseconds. */
final class WaitingJobs {

  private static final double NANOS_PER_POINT = 1e9;
  private static final long URGENT = 10_000_000_000L;
  private static final double URGENT_POINTS = 100;

  private final JobList oldestFirst = new JobList();
  /** Only the jobs that have a deadline. */
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

  /** The next job, if any waits: the oldest one, or the one with the nearest deadline. */
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
   * The lane's priority, plus one point for each second of waiting, so that no job waits forever, plus up to a
   * hundred points in the last ten seconds before the deadline.
   */
  static double priority(Job<?> job, long now) {
    double aged = job.lane.lane.priority() + (job.waited + now - job.queuedAt) / NANOS_PER_POINT;
    long left = job.deadline == Long.MAX_VALUE ? URGENT : Math.max(0, job.deadline - now);
    return left >= URGENT ? aged : aged + URGENT_POINTS * (URGENT - left) / URGENT;
  }
}
