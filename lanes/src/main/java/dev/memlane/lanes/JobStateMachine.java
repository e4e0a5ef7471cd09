package dev.memlane.lanes;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The state machine of an executor's jobs: their transitions, and what each entails for lists, permits, counters,
 * alarms and events. {@link PermitAllocator} decides which job is granted a permit, {@link JobEnder} how an attempt
 * ends.
 *
 * <p>
 * Every method needs the {@link ExecutorLock}, except {@link #lanes}. Times are nanoseconds.
 *
 * <p>
 * <b>Invariants</b> whenever the lock is free, apart from what was done without it and has not been entered yet:
 * <ol>
 * <li>A job that is not done is in exactly one list of its lane, that of its state: waiting for a permit
 * ({@code QUEUED}), {@code RUNNING}, or waiting for its next attempt ({@code RETRYING}).
 * <li>{@link PermitAllocator} counts the jobs in state {@code RUNNING} and nothing else. Those that were resumed may be
 * more than there are permits.
 * <li>No job waits where a permit is free for it: permits are granted before the lock is released.
 * </ol>
 * Events are published under the lock, so they are in order.
 */
final class JobStateMachine {

  private final PermitAllocator allocator;
  private final LongSupplier nanoTime;
  private final JobThreads threads;
  private final Alarms alarms;
  private final Listeners listeners;
  private final PendingJobs pending;
  private final AttemptTimeouts timeouts;
  private final Alarms.Earliest startLimitAlarm;
  /** The jobs for external workers that are not done, by id. */
  private final Map<String, Job<?>> external = new HashMap<>();
  /** The time for the present holder of the lock, once it has been read. */
  private long now;
  private boolean knowsNow;
  /** Whether jobs have come or gone since permits were granted. */
  private boolean isGrantDue;
  /** The runs that have been granted a permit, to be started without the lock. */
  private List<JobRun> granted = new ArrayList<>();
  /** Whether jobs are refused. */
  private boolean shutDown;
  /** Whether no attempt begins any more. */
  private boolean stopped;

  /**
   * @param attemptsDue called without the lock when attempts may have taken too long
   * @param startLimitEnds called without the lock when a lane may start jobs again; calls {@link #startLimitEnded}
   */
  JobStateMachine(PermitAllocator allocator, LongSupplier nanoTime, JobThreads threads, Alarms alarms,
      Listeners listeners, PendingJobs pending, Runnable attemptsDue, Runnable startLimitEnds) {
    this.allocator = allocator;
    this.nanoTime = nanoTime;
    this.threads = threads;
    this.alarms = alarms;
    this.listeners = listeners;
    this.pending = pending;
    this.timeouts = new AttemptTimeouts(allocator.lanes(), alarms, attemptsDue);
    this.startLimitAlarm = new Alarms.Earliest(alarms, startLimitEnds);
  }

  /** All lanes, in the order in which they were configured. Needs no lock. */
  List<LaneState> lanes() {
    return allocator.lanes();
  }

  AttemptTimeouts timeouts() {
    return timeouts;
  }

  // Time

  /** The present time; the same for as long as the lock is held. */
  long now() {
    if (!knowsNow) {
      now = nanoTime.getAsLong();
      knowsNow = true;
    }
    return now;
  }

  /** Called when the lock has been taken. */
  void forgetTime() {
    knowsNow = false;
  }

  // Jobs arrive

  /** Adds a job to the arrivals of its lane, or refuses it. */
  void admit(Job<?> job) {
    LaneState lane = job.lane;
    job.queuedAt = now();
    while (!lane.arrived.add(job)) {
      takeIn(lane);
      if (lane.room() == 0) {
        // Jobs that came before it may not have to wait.
        grantPermits();
        takeIn(lane);
      }
      if (shutDown || lane.room() == 0) {
        lane.refused++;
        job.refuse(shutDown ? Job.Refusal.SHUT_DOWN : Job.Refusal.FULL);
        return;
      }
    }
  }

  /** Queues the jobs that have arrived in a lane, and lets as many arrive as there is room for then. */
  void takeIn(LaneState lane) {
    for (Job<?> job : lane.arrived.takeAll(shutDown ? 0 : lane.room())) {
      accept(job);
      isGrantDue = true;
    }
  }

  void takeInAll() {
    for (LaneState lane : lanes()) {
      if (!lane.arrived.isEmpty()) {
        takeIn(lane);
      }
    }
  }

  /** Begins a new job on the calling thread if it is next. Otherwise adds it, or refuses it, and returns null. */
  @Nullable
  JobRun beginHereOrAdmit(Job<?> job) {
    if (shutDown || stopped || !isNext(job.lane)) {
      admit(job);
      takeIn(job.lane);
      return null;
    }
    job.queuedAt = now();
    accept(job);
    JobRun run = JobRun.onThisThread(job);
    begin(run, now());
    return run;
  }

  /** Whether a new job of this lane would be granted a permit at once. */
  private boolean isNext(LaneState lane) {
    // Jobs that wait in other lanes cannot begin, or they would have. Jobs that have just arrived there came later.
    return lane.local().size() == 0 && lane.room() > 0 && allocator.canStart(lane, now());
  }

  private void accept(Job<?> job) {
    job.lane.submitted(job.queuedAt);
    pending.added();
    publish(() -> new LaneEvent.Submitted(job.lane(), job.id(), job.task().name(), job.decision));
    queue(job, job.queuedAt);
    Duration within = job.task().within();
    if (within != null) {
      job.deadlineAlarm = alarms.after(job.deadline - now(), () -> job.ender.deadlinePassed(job));
    }
  }

  /** Queues a job again, for its next attempt. */
  void requeue(Job<?> job) {
    takeOut(job, now());
    queue(job, now());
  }

  private void queue(Job<?> job, long since) {
    job.lane.queue(job, since);
    if (job.task().isExternal()) {
      external.put(job.id(), job);
      publishOffered(job);
    }
  }

  // Attempts begin

  /** Grants the permits that are free, if jobs have come or gone since this was done. */
  void grantIfDue() {
    if (isGrantDue) {
      grantPermits();
    }
  }

  /** Grants the permits that are free, and publishes which lanes are under pressure before and after. */
  private void grantPermits() {
    isGrantDue = false;
    long time = now();
    for (LaneState lane : lanes()) {
      publishPressure(lane);
    }
    for (Job<?> job = next(time); job != null; job = next(time)) {
      JobRun run = threads.newRun();
      run.assign(job);
      begin(run, time);
      granted.add(run);
    }
    if (!external.isEmpty() && !stopped) {
      allocator.claimable(time).forEach(this::publishOffered);
      startLimitAlarm.setBy(allocator.startLimitEndsAt(), time);
    }
  }

  private @Nullable Job<?> next(long time) {
    if (stopped) {
      return null;
    }
    Job<?> job = allocator.nextJob(time);
    if (job == null) {
      startLimitAlarm.setBy(allocator.startLimitEndsAt(), time);
    }
    return job;
  }

  void startLimitEnded() {
    startLimitAlarm.clear();
    isGrantDue = true;
  }

  /** Takes the runs that are to be started. */
  List<JobRun> takeGranted() {
    if (granted.isEmpty()) {
      return List.of();
    }
    List<JobRun> taken = granted;
    granted = new ArrayList<>();
    return taken;
  }

  /** The job that is granted the next permit, whichever job ends first in its lane; null if that depends on more. */
  @Nullable
  Job<?> certainNext() {
    LaneState lane = stopped || !listeners.isEmpty() ? null : allocator.onlyWaitingLane();
    return lane == null ? null : lane.local().oldestFirst().first();
  }

  /** Begins an attempt in this process. */
  void begin(JobRun run, long time) {
    Job<?> job = run.job();
    job.run = run;
    begin(job, time, Alarms.nanos(job.lane.lane.timeout()));
  }

  /**
   * Lets an external worker begin a job, if the job waits and a permit is free for its lane; returns whether it
   * begins.
   */
  boolean beginExternal(Job<?> job, long lease) {
    if (job.state() != Job.State.QUEUED || stopped) {
      return false;
    }
    if (!allocator.canStart(job.lane, now())) {
      job.lane.isClaimWaiting = true;
      startLimitAlarm.setBy(allocator.startLimitEndsAt(), now());
      return false;
    }
    begin(job, now(), lease);
    return true;
  }

  /**
   * Lets the attempt of an external worker go on that began before this executor did, whether or not a permit is free;
   * returns false if the job doesn't wait.
   *
   * @param ran how long it has run already
   */
  boolean resumeExternal(Job<?> job, long ran, long lease) {
    if (job.state() != Job.State.QUEUED || stopped) {
      return false;
    }
    long at = Math.max(now(), job.queuedAt);
    allocator.resume(job, at - ran);
    timeouts.set(job, at + lease, at);
    publish(() -> new LaneEvent.Started(job.lane(), job.id(), job.task().name(), job.attempt(), Duration.ZERO,
        job.task().payload()));
    publishPressure(job.lane);
    return true;
  }

  /** Gives a job a permit for a number of nanoseconds. */
  private void begin(Job<?> job, long time, long nanos) {
    // It may have been submitted after the holder of the lock has read the time.
    long at = Math.max(time, job.queuedAt);
    allocator.start(job, at);
    timeouts.set(job, at + nanos, at);
    publish(() -> new LaneEvent.Started(job.lane(), job.id(), job.task().name(), job.attempt(),
        Duration.ofNanos(at - job.queuedAt), job.task().payload()));
    publishPressure(job.lane);
  }

  // Attempts end

  /** Completes a running job whose attempt has succeeded. */
  void complete(Job<?> job, long time) {
    Duration ran = Duration.ofNanos(Math.max(0, time - job.startedAt));
    end(job, time);
    job.lane.completed(time);
    publish(() -> new LaneEvent.Completed(job.lane(), job.id(), job.task().name(), ran));
  }

  /**
   * Ends a job that is not done, whatever its state. Afterwards {@link PendingJobs#notified} has to be called for it.
   */
  void end(Job<?> job, long time) {
    takeOut(job, time);
    job.become(Job.State.DONE);
    if (job.task().isExternal()) {
      external.remove(job.id());
    }
    Alarms.cancel(job.deadlineAlarm);
    Alarms.cancel(job.retryAlarm);
  }

  /** Lets a running job wait for its next attempt. */
  void retryLater(Job<?> job, Supplier<LaneEvent> event) {
    takeOut(job, now());
    job.lane.retry(job);
    publish(event);
    // It takes up room that arriving jobs would otherwise have.
    takeIn(job.lane);
  }

  private void takeOut(Job<?> job, long time) {
    isGrantDue = true;
    allocator.takeOut(job, time);
    job.run = null;
    job.claim = null;
  }

  // Events

  void publish(Supplier<LaneEvent> event) {
    listeners.publish(event);
  }

  private void publishOffered(Job<?> job) {
    publish(() -> new LaneEvent.Offered(job.lane(), job.id(), job.task().name(), job.task().payload()));
  }

  private void publishPressure(LaneState lane) {
    LaneEvent.Pressure change = lane.pressureChange();
    if (change != null) {
      publish(() -> change);
    }
  }

  // The whole

  /** The job for external workers with this id; null if it is done. */
  @Nullable
  Job<?> external(String id) {
    return external.get(id);
  }

  /** All jobs that are not done. */
  List<Job<?>> all() {
    List<Job<?>> all = new ArrayList<>();
    lanes().forEach(lane -> all.addAll(lane.all()));
    return all;
  }

  List<LaneStats> stats() {
    return lanes().stream().map(lane -> lane.stats(now())).toList();
  }

  /** Refuses jobs from now on. */
  void shutDown() {
    if (!shutDown) {
      shutDown = true;
      lanes().forEach(this::takeIn);
      publish(() -> new LaneEvent.ShutDown(null));
    }
  }

  /** Begins no more attempts. */
  void stop() {
    stopped = true;
  }

  boolean isStopped() {
    return stopped;
  }

  /** Cancels the alarms. An attempt that begins sets them again. */
  void cancelAlarms() {
    timeouts.cancelAlarm();
    startLimitAlarm.clear();
  }
}
