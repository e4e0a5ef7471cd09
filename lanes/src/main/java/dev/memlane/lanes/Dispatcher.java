package dev.memlane.lanes;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes jobs in, gives them places when it is their turn, and takes the places back. Safe for use by several threads; nothing
 * waits for more than the lock. What needs the lock says so; times are nanoseconds.
 *
 * <p>
 * Two things are done without the lock, because it is what many short tasks would wait for: jobs are put among the
 * {@link Arrivals} of their lane, and places are passed on by the {@link Relay}. Whoever takes the lock by {@link #acquire}
 * first enters both. Whoever releases it looks whether jobs have arrived meanwhile, and so does who has put one there; if the lock is
 * taken by another then, that one looks when he releases it. So no job waits where a place is free.
 *
 * <p>
 * <b>Invariants</b>, whenever the lock is free and but for what was done without it:
 * <ol>
 * <li>A job that isn't done is in exactly one list of its lane, that of its state: those who wait ({@code QUEUED}), who run
 * ({@code RUNNING}), or who wait for the next attempt ({@code RETRYING}).
 * <li>{@link PermitAllocator} counts the jobs in state {@code RUNNING} and nothing else.
 * <li>No job waits where a place is free for it: places are given before the lock is released.
 * </ol>
 * Events are told under the lock, so that they are in order; nothing foreign (tasks, futures, hooks) is called while it is held.
 */
final class Dispatcher {

  private static final int SPINS = 100;
  private static final int MOST_ROUNDS = 10;

  private final LongSupplier nanoTime;
  private final ThreadFactory threads;
  private final Consumer<JobRun> starter;
  private final Alarms alarms;
  private final Listeners listeners;
  private final PendingJobs pending;
  private final Consumer<List<DueAttempt>> expired;
  private final Relay relay;

  /** Not a monitor: who waits for it on a virtual thread holds on to no carrier, whatever the JDK. */
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock
  private final PermitAllocator allocator;
  private final Alarms.Earliest attemptAlarm;
  private final Alarms.Earliest rateAlarm;
  /** Those for workers outside that aren't done, by id. */
  private final Map<String, Job<?>> outside = new HashMap<>();
  /** What time it is for who has the lock, once he has asked. */
  private long now;
  private boolean knowsNow;
  /** Whether jobs have come or gone since places were given. */
  private boolean isDue;
  /** What was begun under the lock, to be started when it is free. */
  private List<JobRun> starting = new ArrayList<>();
  /** Nothing is taken in any more. */
  private boolean shutDown;
  /** Nothing is started any more. */
  private boolean stopped;

  /** An attempt that has taken too long. */
  record DueAttempt(Job<?> job, int number) {}

  /** @param expired ends attempts; called without the lock */
  Dispatcher(PermitAllocator allocator, LongSupplier nanoTime, ThreadFactory threads, Consumer<JobRun> starter, Alarms alarms,
      Listeners listeners, PendingJobs pending, Consumer<List<DueAttempt>> expired) {
    this.expired = expired;
    this.allocator = allocator;
    this.nanoTime = nanoTime;
    this.threads = threads;
    this.starter = starter;
    this.alarms = alarms;
    this.listeners = listeners;
    this.pending = pending;
    this.relay = new Relay(nanoTime);
    this.attemptAlarm = new Alarms.Earliest(alarms, this::expireAttempts);
    this.rateAlarm = new Alarms.Earliest(alarms, this::rateIsFree);
  }

  // The lock

  /**
   * Takes the lock, and catches up with what was done without it. What is done under it takes less time than to park a thread and to
   * wake it up, so it looks again first.
   */
  void acquire() {
    for (int i = 0; i < SPINS; i++) {
      if (lock.tryLock()) {
        catchUp();
        return;
      }
      Thread.onSpinWait();
    }
    lock.lock();
    catchUp();
  }

  /** Gives places to those whose turn it is, releases the lock, and takes in what has arrived since it was taken. */
  void release() {
    leave();
    takeInWhatHasArrived();
  }

  /** Needs the lock, and releases it if it fails. */
  private void catchUp() {
    try {
      List<Relay.Pass> passes = relay.close();
      if (!passes.isEmpty()) {
        enter(passes);
      }
      for (LaneState lane : allocator.lanes()) {
        if (!lane.arrived.isEmpty()) {
          takeIn(lane);
        }
      }
      if (isDue) {
        grantPermits();
      }
    } catch (Throwable e) {
      // Whatever it is, others are not to wait for ever.
      unlock();
      throw e;
    }
  }

  /** Needs the lock. */
  private void enter(List<Relay.Pass> passes) {
    for (Relay.Pass pass : passes) {
      complete(pass.ended(), pass.at());
      begin(pass.begun(), pass.at());
    }
  }

  /** Needs the lock, and releases it. */
  private void leave() {
    List<JobRun> begun = List.of();
    try {
      if (isDue) {
        grantPermits();
      }
      openRelay();
    } finally {
      if (!starting.isEmpty()) {
        begun = starting;
        starting = new ArrayList<>();
      }
      unlock();
      begun.forEach(this::start);
    }
  }

  private void unlock() {
    knowsNow = false;
    lock.unlock();
  }

  /** Needs the lock, and that no job waits where a place is free. */
  private void openRelay() {
    LaneState lane = stopped || !listeners.areNone() ? null : allocator.onlyLaneThatWaits();
    Job<?> first = lane == null ? null : lane.inside().oldestFirst().first();
    if (first != null) {
      relay.open(first.lane, first);
    }
  }

  private void start(JobRun run) {
    try {
      starter.accept(run);
    } catch (Throwable e) {
      // Such as that there is no memory for a thread: who has ended a job here still has to tell its caller.
      Uncaught.report(e);
    }
  }

  /** Unless somebody has the lock, who does it then; in a lane that the relay is open for, who ends there does. */
  private void takeInWhatHasArrived() {
    try {
      for (int round = 0; isAwaited(); round++) {
        if (round == MOST_ROUNDS) {
          // This thread has other things to do.
          threads.newThread(this::takeInWhatHasArrived).start();
          return;
        }
        if (!lock.tryLock()) {
          return;
        }
        catchUp();
        leave();
      }
    } catch (Throwable e) {
      // It is about others' jobs: who has ended one here still has to tell its caller.
      Uncaught.report(e);
    }
  }

  /** Whether a job has arrived that nobody else takes in. */
  private boolean isAwaited() {
    for (LaneState lane : allocator.lanes()) {
      if (!lane.arrived.isEmpty() && !relay.isOpenFor(lane)) {
        return true;
      }
    }
    return false;
  }

  // Jobs come

  /** Adds a job to its lane, or refuses it. */
  void add(Job<?> job) {
    // The alarm of one that has a deadline is set when it is taken in.
    boolean mayWait = job.task().within() == null;
    if (mayWait && job.lane.arrived.add(job)) {
      takeInWhatHasArrived();
      return;
    }
    acquire();
    try {
      admit(job);
      takeIn(job.lane);
    } finally {
      release();
    }
  }

  /** Adds jobs to one lane, or refuses those that find no room. */
  void addAll(List<? extends Job<?>> jobs) {
    acquire();
    try {
      for (Job<?> job : jobs) {
        admit(job);
      }
      if (!jobs.isEmpty()) {
        takeIn(jobs.getFirst().lane);
      }
    } finally {
      release();
    }
  }

  /** Adds a job, and begins it for this thread if it is its turn; returns null if it isn't, or it is refused. */
  @Nullable
  Runner addToRunHere(Job<?> job) {
    acquire();
    try {
      if (shutDown || stopped || !isNext(job.lane)) {
        admit(job);
        takeIn(job.lane);
        return null;
      }
      job.queuedAt = now();
      take(job);
      Runner runner = new Runner(Thread.currentThread());
      begin(job, now(), runner);
      return runner;
    } finally {
      release();
    }
  }

  /** Needs the lock. Whether it is the turn of one that comes to this lane now. */
  private boolean isNext(LaneState lane) {
    // Those that wait in other lanes can't begin: otherwise they had. Those that have arrived since have come after it.
    return lane.inside().size() == 0 && lane.room() > 0 && allocator.isFree(lane, now());
  }

  /** Needs the lock. Adds a job to those that have arrived in its lane, or refuses it. */
  private void admit(Job<?> job) {
    LaneState lane = job.lane;
    job.queuedAt = now();
    while (!lane.arrived.add(job)) {
      takeIn(lane);
      if (lane.room() == 0) {
        // Those that have come before it may not have to wait.
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

  /** Needs the lock. What has arrived in a lane waits there from now on, and as many may arrive as there is room for then. */
  private void takeIn(LaneState lane) {
    for (Job<?> job : lane.arrived.takeAll(shutDown ? 0 : lane.room())) {
      take(job);
      isDue = true;
    }
  }

  /** Needs the lock. */
  private void take(Job<?> job) {
    job.lane.submitted(job.queuedAt);
    pending.taken();
    tell(() -> new LaneEvent.Submitted(job.lane(), job.id(), job.task().name(), job.decision));
    put(job, job.queuedAt);
    Duration within = job.task().within();
    if (within != null) {
      job.deadlineAlarm = alarms.after(job.deadline - now(),
          () -> job.expire("its deadline, " + within + " after its submission, passed"));
    }
  }

  /** Needs the lock. It waits for its turn again. */
  void queue(Job<?> job) {
    isDue = true;
    put(job, now());
  }

  private void put(Job<?> job, long now) {
    job.lane.queue(job, now);
    if (job.task().isOutside()) {
      outside.put(job.id(), job);
      tellOffered(job);
    }
  }

  // Jobs run

  /** Needs the lock. Gives places to those whose turn it is, and tells which lanes are under pressure before and after. */
  private void grantPermits() {
    isDue = false;
    long now = now();
    for (LaneState lane : allocator.lanes()) {
      tellPressure(lane);
    }
    for (Job<?> job = next(now); job != null; job = next(now)) {
      JobRun run = new JobRun(threads);
      run.runs(job);
      begin(run, now);
      starting.add(run);
    }
    if (!outside.isEmpty() && !stopped) {
      allocator.wanted(now).forEach(this::tellOffered);
      rateAlarm.at(allocator.rateFreeAt(), now);
    }
  }

  /** Needs the lock. */
  private @Nullable Job<?> next(long now) {
    if (stopped) {
      return null;
    }
    Job<?> job = allocator.next(now);
    if (job == null) {
      rateAlarm.at(allocator.rateFreeAt(), now);
    }
    return job;
  }

  private void rateIsFree() {
    acquire();
    try {
      rateAlarm.rang();
      isDue = true;
    } finally {
      release();
    }
  }

  /** Needs the lock. */
  private void begin(JobRun run, long now) {
    begin(run.job(), now, run.runner());
  }

  /** Needs the lock. */
  private void begin(Job<?> job, long now, Runner runner) {
    job.runner = runner;
    begin(job, now, Alarms.nanos(job.lane.lane.timeout()));
  }

  /** Needs the lock. Gives it a place for so long. */
  private void begin(Job<?> job, long now, long nanos) {
    // It may have been submitted after who has the lock looked what time it was.
    long at = Math.max(now, job.queuedAt);
    allocator.start(job, at);
    setDue(job, at + nanos, at);
    tell(() -> new LaneEvent.Started(job.lane(), job.id(), job.task().name(), job.attempt(),
        Duration.ofNanos(at - job.queuedAt), job.task().payload()));
    tellPressure(job.lane);
  }

  /** Needs the lock. Has its attempt end at another time. */
  void setDue(Job<?> job, long due, long now) {
    job.due = due;
    attemptAlarm.at(due, now);
  }

  /** Has the attempts end that have taken too long. */
  private void expireAttempts() {
    List<DueAttempt> due = new ArrayList<>();
    acquire();
    try {
      attemptAlarm.rang();
      long now = now();
      for (LaneState lane : allocator.lanes()) {
        for (Job<?> job : lane.running()) {
          if (job.due <= now) {
            due.add(new DueAttempt(job, job.attempt()));
          } else {
            attemptAlarm.at(job.due, now);
          }
        }
      }
    } finally {
      release();
    }
    expired.accept(due);
  }

  // Jobs end

  /**
   * Ends an attempt that has succeeded, and has the next job begin. To be called by the one who runs the attempt, once.
   *
   * @return false if it was over before
   */
  boolean succeedHere(Job<?> job, int attempt) {
    JobRun next = null;
    for (int i = 0; i < SPINS; i++) {
      if (relay.isOpenFor(job.lane)) {
        next = next == null ? new JobRun(threads) : next;
        if (relay.passOn(job, attempt, next)) {
          start(next);
          return true;
        }
      }
      if (!lock.tryLock()) {
        Thread.onSpinWait();
      } else if (renewRelay(job.lane)) {
        unlock();
        takeInWhatHasArrived();
      } else {
        catchUp();
        return succeedAndRelease(job, attempt);
      }
    }
    return succeed(job, attempt);
  }

  /**
   * Has the relay go on if it has come to the end of its line in this lane; returns whether it had. Needs the lock, and releases it
   * if it fails.
   */
  private boolean renewRelay(LaneState lane) {
    try {
      if (!relay.isOpenFor(lane)) {
        return false;
      }
      takeIn(lane);
      List<Relay.Pass> passes = relay.renew(lane);
      if (passes == null) {
        return false;
      }
      // Places are passed on meanwhile, but to none of those that are entered here, and no other place becomes free.
      enter(passes);
      return true;
    } catch (Throwable e) {
      // Whatever it is, others are not to wait for ever.
      unlock();
      throw e;
    }
  }

  /**
   * Ends an attempt that has succeeded, and has the next job begin.
   *
   * @return false if it was over before
   */
  boolean succeed(Job<?> job, int attempt) {
    acquire();
    return succeedAndRelease(job, attempt);
  }

  /** Needs the lock, and releases it. */
  private boolean succeedAndRelease(Job<?> job, int attempt) {
    try {
      if (!job.isRunning(attempt)) {
        return false;
      }
      complete(job, now());
      return true;
    } finally {
      release();
    }
  }

  /** Needs the lock. */
  private void complete(Job<?> job, long now) {
    Duration ran = Duration.ofNanos(Math.max(0, now - job.startedAt));
    takeOut(job, now);
    done(job);
    job.lane.completed(now);
    tell(() -> new LaneEvent.Completed(job.lane(), job.id(), job.task().name(), ran));
  }

  /** Needs the lock. Takes it out of where it is; it is to be put elsewhere, or to be {@link #done}. */
  void takeOut(Job<?> job, long now) {
    isDue = true;
    allocator.takeOut(job, now);
    job.runner = null;
    job.claim = null;
  }

  /** Needs the lock; {@link PendingJobs#told} is to be called when its caller has been told. */
  void done(Job<?> job) {
    job.become(Job.State.DONE);
    if (job.task().isOutside()) {
      outside.remove(job.id());
    }
    Alarms.cancel(job.deadlineAlarm);
    Alarms.cancel(job.retryAlarm);
  }

  /** Needs the lock, and a job that is running. It waits for its next attempt. */
  void retryLater(Job<?> job, long now, Supplier<LaneEvent> event) {
    takeOut(job, now);
    job.lane.retry(job);
    tell(event);
    // It takes of the room that those have who arrive.
    takeIn(job.lane);
  }

  // Workers outside

  /** Needs the lock. The job for workers outside of this id; null if it is done. */
  @Nullable
  Job<?> outside(String id) {
    return outside.get(id);
  }

  /** Needs the lock. Gives it to a worker for so long, if it waits and a place is free for its lane; returns whether it did. */
  boolean beginOutside(Job<?> job, long now, long nanos) {
    if (job.state() != Job.State.QUEUED || stopped) {
      return false;
    }
    if (!allocator.isFree(job.lane, now)) {
      job.lane.wanted = true;
      rateAlarm.at(allocator.rateFreeAt(), now);
      return false;
    }
    begin(job, now, nanos);
    return true;
  }

  /** Needs the lock. */
  private void tellOffered(Job<?> job) {
    tell(() -> new LaneEvent.Offered(job.lane(), job.id(), job.task().name(), job.task().payload()));
  }

  // The rest

  /** Needs the lock, but for what never changes. */
  PermitAllocator allocator() {
    return allocator;
  }

  /** Needs the lock. What time it is; the same until the lock is released. */
  long now() {
    if (!knowsNow) {
      now = nanoTime.getAsLong();
      knowsNow = true;
    }
    return now;
  }

  /** Needs the lock. */
  void tell(Supplier<LaneEvent> event) {
    listeners.tell(event);
  }

  /** Needs the lock. */
  private void tellPressure(LaneState lane) {
    LaneEvent.Pressure change = lane.pressure();
    if (change != null) {
      tell(() -> change);
    }
  }

  /** Needs the lock. Takes in nothing more; returns false if it was so before. */
  boolean shutDown() {
    if (shutDown) {
      return false;
    }
    shutDown = true;
    allocator.lanes().forEach(this::takeIn);
    return true;
  }

  /** Needs the lock. Starts nothing more. */
  void stop() {
    stopped = true;
  }

  /** Needs the lock. */
  boolean isStopped() {
    return stopped;
  }

  /** Calls the alarms off; those of what is running are set again when something begins. */
  void close() {
    acquire();
    try {
      attemptAlarm.rang();
      rateAlarm.rang();
    } finally {
      release();
    }
  }
}
