package dev.memlane.lanes;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A lane's jobs that are not done, by state, and its statistics. Guarded by the executor's lock, except
 * {@link #arrived}. Times are nanoseconds.
 */
final class LaneState {

  private static final long LONGEST_PAUSE = Duration.ofMinutes(1).toNanos();
  private static final int MOST_DOUBLINGS = 20;

  final Lane lane;
  final StartLimiter startLimiter;
  /** Needs no lock. */
  final Arrivals arrived;

  // Jobs
  /** Jobs that wait for a permit. */
  private final WaitingJobs local = new WaitingJobs();
  /** Jobs that wait for an external worker, and then for a permit. */
  private final WaitingJobs external = new WaitingJobs();
  private final JobList running = new JobList();
  private final JobList retrying = new JobList();
  /** Whether an external worker has found jobs to claim, but no permit. */
  boolean isClaimWaiting;

  // Pressure
  private final int nearlyFull;
  private final int halfFull;
  private boolean pressed;

  // Statistics
  private final RecentDurations waits;
  private final RecentDurations runs;
  private final RecentRate arrivals;
  private final RecentRate completions;
  private long submitted;
  long refused;
  private long completed;
  long failed;
  long cancelled;
  private long retries;

  LaneState(Lane lane, long now) {
    this.lane = lane;
    this.arrivals = new RecentRate(now);
    this.completions = new RecentRate(now);
    this.waits = new RecentDurations(now);
    this.runs = new RecentDurations(now);
    this.arrived = new Arrivals(lane.queueBound());
    this.startLimiter = new StartLimiter(lane.startsPerMinute());
    this.nearlyFull = (int) Math.ceil(lane.queueBound() * 0.8);
    this.halfFull = lane.queueBound() / 2;
  }

  WaitingJobs local() {
    return local;
  }

  WaitingJobs external() {
    return external;
  }

  JobList running() {
    return running;
  }

  /** All jobs that are not done. */
  List<Job<?>> all() {
    List<Job<?>> all = new ArrayList<>();
    for (JobList list : List.of(local.oldestFirst(), external.oldestFirst(), running, retrying)) {
      list.forEach(all::add);
    }
    return all;
  }

  private int queued() {
    return local.size() + external.size();
  }

  /** How many jobs count towards the bound of the queue. */
  private int waiting() {
    return queued() + retrying.size();
  }

  /** How many more jobs may wait. */
  int room() {
    return Math.max(0, lane.queueBound() - waiting());
  }

  /**
   * Whether the order of the jobs that wait for a permit, or the time of their start, depends on more than their
   * arrival.
   */
  boolean dependsOnTime() {
    return lane.startsPerMinute() > 0 || local.hasDeadlines();
  }

  /** How many of the permits that are reserved for this lane are not in use. */
  int unusedReserved() {
    return Math.max(0, lane.reserved() - running.size());
  }

  private WaitingJobs waiting(Job<?> job) {
    return job.task().isExternal() ? external : local;
  }

  /**
   * The pause after this attempt: the first pause, doubled with each attempt up to a minute (or the first pause, if
   * that is longer), less up to half at random.
   */
  Duration pauseAfter(int attempt) {
    long first = Alarms.nanos(lane.firstPause());
    long longest = Math.max(first, LONGEST_PAUSE);
    int doublings = Math.min(MOST_DOUBLINGS, attempt - 1);
    long pause = first > longest >> doublings ? longest : first << doublings;
    return Duration.ofNanos(pause - ThreadLocalRandom.current().nextLong(pause / 2 + 1));
  }

  // Transitions

  /** Counts a job that was accepted. */
  void submitted(long now) {
    submitted++;
    arrivals.add(now);
  }

  /** Counts a job that has succeeded. */
  void completed(long now) {
    completed++;
    completions.add(now);
  }

  /** Lets a job wait for a permit, or for a worker. */
  void queue(Job<?> job, long now) {
    job.become(Job.State.QUEUED);
    job.queuedAt = now;
    waiting(job).add(job);
  }

  /** Begins the next attempt of a queued job. */
  void start(Job<?> job, long now) {
    waiting(job).remove(job);
    running.add(job);
    startLimiter.started(now);
    job.startedAt = now;
    job.waited += now - job.queuedAt;
    job.beginAttempt();
    waits.add(now - job.queuedAt, now);
  }

  /** Lets the attempt of a queued job go on that began elsewhere: it is no start, and has not waited. */
  void resume(Job<?> job, long since) {
    waiting(job).remove(job);
    running.add(job);
    job.startedAt = since;
    job.beginAttempt();
  }

  /** Lets a job wait for its next attempt. */
  void retry(Job<?> job) {
    job.become(Job.State.RETRYING);
    retrying.add(job);
    retries++;
  }

  /** Removes a job that is not done from its list. It then goes into another list, or is done. */
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

  // Statistics

  /** The change of pressure since the last call; null if there is none. */
  LaneEvent.@Nullable Pressure pressureChange() {
    int waiting = waiting();
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
