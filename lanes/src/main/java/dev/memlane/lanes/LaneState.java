package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A lane's jobs and what it has done. Guarded by the executor's lock. Times are nanoseconds. */
final class LaneState {

  final Lane lane;
  final StartRate rate;
  /** Needs no lock. */
  final Arrivals arrived;
  /** Those that wait for a place. */
  private final WaitingJobs inside = new WaitingJobs();
  /** Those that wait for a worker outside, and then for a place. */
  private final WaitingJobs outside = new WaitingJobs();
  private final JobList running = new JobList();
  private final JobList retrying = new JobList();
  private final int nearlyFull;
  private final int halfFull;
  private boolean pressed;
  /** Whether a worker outside has found jobs to claim, and no place for them. */
  boolean wanted;
  private final Durations waits;
  private final Durations runs;
  private final Rate arrivals;
  private final Rate completions;
  private long submitted;
  long refused;
  private long completed;
  long failed;
  long cancelled;
  long retries;

  LaneState(Lane lane, long now) {
    this.lane = lane;
    this.arrivals = new Rate(now);
    this.completions = new Rate(now);
    this.waits = new Durations(now);
    this.runs = new Durations(now);
    this.arrived = new Arrivals(lane.queueBound());
    this.rate = new StartRate(lane.startsPerMinute());
    this.nearlyFull = (int) Math.ceil(lane.queueBound() * 0.8);
    this.halfFull = lane.queueBound() / 2;
  }

  WaitingJobs inside() {
    return inside;
  }

  WaitingJobs outside() {
    return outside;
  }

  JobList running() {
    return running;
  }

  /** All that aren't done. */
  List<Job<?>> all() {
    List<Job<?>> all = new ArrayList<>();
    for (JobList list : List.of(inside.oldestFirst(), outside.oldestFirst(), running, retrying)) {
      list.forEach(all::add);
    }
    return all;
  }

  private int queued() {
    return inside.size() + outside.size();
  }

  /** How many take of the room that those have who arrive. */
  private int taken() {
    return queued() + retrying.size();
  }

  /** How many more may wait. */
  int room() {
    return Math.max(0, lane.queueBound() - taken());
  }

  /** Whether the order of those who wait for a place, or when they start, depends on more than who came first. */
  boolean isTimed() {
    return lane.startsPerMinute() > 0 || inside.hasDeadlines();
  }

  /** How many of the places that are kept for it are not in use. */
  int owed() {
    return Math.max(0, lane.reserved() - running.size());
  }

  private WaitingJobs waiting(Job<?> job) {
    return job.task().isOutside() ? outside : inside;
  }

  void submitted(long now) {
    submitted++;
    arrivals.add(now);
  }

  void completed(long now) {
    completed++;
    completions.add(now);
  }

  /** It waits for its turn from now on. */
  void queue(Job<?> job, long now) {
    job.become(Job.State.QUEUED);
    job.queuedAt = now;
    waiting(job).add(job);
  }

  /** Its next attempt begins. */
  void start(Job<?> job, long now) {
    waiting(job).remove(job);
    running.add(job);
    rate.started(now);
    job.startedAt = now;
    job.waited += now - job.queuedAt;
    job.beginAttempt();
    waits.add(now - job.queuedAt, now);
  }

  /** It waits for its next attempt. */
  void retry(Job<?> job) {
    job.become(Job.State.RETRYING);
    retrying.add(job);
    retries++;
  }

  /** Takes a job that isn't done out of where it is; it is to be put elsewhere, or is done. */
  void takeOut(Job<?> job, long now) {
    switch (job.state()) {
      case QUEUED -> waiting(job).remove(job);
      case RUNNING -> {
        running.remove(job);
        runs.add(now - job.startedAt, now);
      }
      case RETRYING -> retrying.remove(job);
      case DONE -> throw new IllegalStateException(job + " has ended twice");
    }
  }

  /** @return the change of pressure since it was asked last; null if there is none */
  LaneEvent.@Nullable Pressure pressure() {
    int waiting = taken();
    if (pressed ? waiting > halfFull : waiting < nearlyFull) {
      return null;
    }
    pressed = !pressed;
    return new LaneEvent.Pressure(lane.name(), pressed, waiting);
  }

  LaneStats stats(long now) {
    return new LaneStats(lane.name(), queued(), retrying.size(), running.size(), submitted, refused, completed, failed,
        cancelled, retries, arrivals.perSecond(now), completions.perSecond(now), waits.percentile(50, now),
        waits.percentile(99, now), runs.percentile(50, now), runs.percentile(99, now));
  }
}
