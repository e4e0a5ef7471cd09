package dev.memlane.lanes;

import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A lane's queue and what it has done. Guarded by the executor's lock. Times are nanoseconds. */
final class LaneState {

  private static final double NANOS_PER_POINT = 1e9;
  private static final long URGENT = 10_000_000_000L;
  private static final double URGENT_POINTS = 100;
  private static final double PRESSURE_ON = 0.8;
  private static final double PRESSURE_OFF = 0.5;

  final Lane lane;
  final StartRate rate;
  private final Set<Job<?>> oldestFirst = new LinkedHashSet<>();
  private final TreeSet<Job<?>> mostUrgentFirst = new TreeSet<>(
      Comparator.<Job<?>>comparingLong(job -> job.deadline).thenComparingLong(job -> job.sequence));
  private boolean pressed;
  int running;
  int retrying;
  long submitted;
  long refused;
  long completed;
  long failed;
  long cancelled;
  long retries;
  private final Durations waits = new Durations();
  private final Durations runs = new Durations();

  LaneState(Lane lane) {
    this.lane = lane;
    this.rate = new StartRate(lane.startsPerMinute());
  }

  int queued() {
    return oldestFirst.size();
  }

  boolean isFull() {
    return oldestFirst.size() + retrying >= lane.queueBound();
  }

  void add(Job<?> job) {
    oldestFirst.add(job);
    if (job.deadline != Long.MAX_VALUE) {
      mostUrgentFirst.add(job);
    }
  }

  void remove(Job<?> job) {
    oldestFirst.remove(job);
    mostUrgentFirst.remove(job);
  }

  /** How many of the places that are kept for it are not in use. */
  int owed() {
    return Math.max(0, lane.reserved() - running);
  }

  /** The task of this lane whose turn is next, if there is one: the oldest, or the one with the nearest deadline. */
  @Nullable
  Job<?> candidate(long now) {
    if (oldestFirst.isEmpty()) {
      return null;
    }
    Job<?> oldest = oldestFirst.iterator().next();
    if (mostUrgentFirst.isEmpty()) {
      return oldest;
    }
    Job<?> urgent = mostUrgentFirst.first();
    return priority(urgent, now) > priority(oldest, now) ? urgent : oldest;
  }

  /**
   * The lane's priority, a point more for each second that it has waited, so that none waits for ever, and up to a hundred in
   * the last ten seconds before the deadline.
   */
  double priority(Job<?> job, long now) {
    double aged = lane.priority() + (job.waited + now - job.queuedAt) / NANOS_PER_POINT;
    long left = job.deadline == Long.MAX_VALUE ? URGENT : Math.max(0, job.deadline - now);
    return left >= URGENT ? aged : aged + URGENT_POINTS * (URGENT - left) / URGENT;
  }

  void started(Job<?> job, long now) {
    remove(job);
    running++;
    rate.started(now);
    job.waited += now - job.queuedAt;
    waits.add(now - job.queuedAt);
  }

  void ended(Job<?> job, long now) {
    running--;
    runs.add(now - job.startedAt);
  }

  /** @return the change of pressure since it was asked last; null if there is none */
  LaneEvent.@Nullable Pressure pressure() {
    double share = (double) oldestFirst.size() / lane.queueBound();
    if (pressed ? share > PRESSURE_OFF : share < PRESSURE_ON) {
      return null;
    }
    pressed = !pressed;
    return new LaneEvent.Pressure(lane.name(), pressed, oldestFirst.size());
  }

  LaneStats stats() {
    return new LaneStats(lane.name(), queued(), retrying, running, submitted, refused, completed, failed, cancelled,
        retries, waits.percentile(50), waits.percentile(99), runs.percentile(50), runs.percentile(99));
  }
}
