package dev.memlane.lanes;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ScheduledFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The one place where attempts end, and jobs with their last attempt: by a result, a failure, a time-out, a deadline,
 * a cancellation, or a shutdown. Safe for use by several threads.
 *
 * <p>
 * The end of an attempt is decided under the executor's lock by whichever request comes first. Later requests find
 * the attempt over and have no effect. Under the lock the permit is returned, and a failed attempt of an idempotent
 * task is scheduled again if its lane allows another attempt. What may take time follows without the lock: the thread
 * is interrupted, and {@link CallerNotifier} notifies the caller.
 *
 * <p>
 * The thread that runs an attempt completes its future. After a time-out, a deadline or a shutdown
 * {@link PlatformThreads} do it, because tasks that compute may occupy all carriers of virtual threads.
 */
final class JobEnder {

  /** Spinning this often usually outlasts the holder of the lock. */
  private static final int SPINS = 100;

  private final ExecutorLock lock;
  private final Relay relay;
  private final JobThreads threads;
  private final Alarms alarms;
  private final InstantSource clock;
  private final CallerNotifier notifier;
  @GuardedBy("lock")
  private final JobStateMachine jobs;
  @GuardedBy("lock")
  private final DeadLetters deadLetters;

  JobEnder(ExecutorLock lock, JobStateMachine jobs, Relay relay, JobThreads threads, Alarms alarms,
      DeadLetters deadLetters, CallerNotifier notifier, InstantSource clock) {
    this.lock = lock;
    this.jobs = jobs;
    this.relay = relay;
    this.threads = threads;
    this.alarms = alarms;
    this.deadLetters = deadLetters;
    this.notifier = notifier;
    this.clock = clock;
  }

  // Success

  /** Ends an attempt that has succeeded, if it is not over. Called once, by the thread that runs it. */
  <T extends @Nullable Object> void succeedHere(Job<T> job, int attempt, T result) {
    if (passPermitOn(job, attempt)) {
      notifier.complete(job, result);
    }
  }

  /**
   * Ends an attempt that an external worker has done.
   *
   * @return false if it was over before
   */
  <T extends @Nullable Object> boolean succeed(Job<T> job, int attempt, T result) {
    lock.lock();
    if (!endAndUnlock(job, attempt)) {
      return false;
    }
    notifier.complete(job, result);
    return true;
  }

  /**
   * Ends an attempt that has succeeded, and starts the next job, by the relay if it is open. Returns false if it was
   * over.
   */
  private boolean passPermitOn(Job<?> job, int attempt) {
    JobRun next = null;
    for (int i = 0; i < SPINS; i++) {
      if (relay.isOpenFor(job.lane)) {
        next = next == null ? threads.newRun() : next;
        if (relay.passOn(job, attempt, next)) {
          threads.start(next);
          return true;
        }
      }
      if (lock.tryLockUnlessRenewed(job.lane)) {
        return endAndUnlock(job, attempt);
      }
    }
    lock.lock();
    return endAndUnlock(job, attempt);
  }

  /** Called under the lock, which it releases. */
  private boolean endAndUnlock(Job<?> job, int attempt) {
    try {
      if (!job.isRunning(attempt)) {
        return false;
      }
      jobs.complete(job, jobs.now());
      return true;
    } finally {
      lock.unlock();
    }
  }

  // Failure

  /**
   * Ends an attempt that has failed: it is retried, or the job has failed.
   *
   * @return false if it was over before
   */
  boolean fail(Job<?> job, int attempt, Throwable failure) {
    Ending ending = decideFailure(job, attempt, failure);
    if (ending == null) {
      return false;
    }
    notifier.finish(ending);
    return true;
  }

  /** Returns null if the attempt was over before. */
  private @Nullable Ending decideFailure(Job<?> job, int attempt, Throwable failure) {
    lock.lock();
    try {
      if (!job.isRunning(attempt)) {
        return null;
      }
      Ending retry = mayRetry(job) ? retryLater(job, failure) : null;
      if (retry != null) {
        return retry;
      }
    } finally {
      lock.unlock();
    }
    return decideEnd(job, failure, false, clock.instant());
  }

  @GuardedBy("lock")
  private boolean mayRetry(Job<?> job) {
    return job.task().idempotent() && job.attempt() - job.released < job.lane.lane.attempts() && !jobs.isStopped();
  }

  /** Returns null if the scheduler accepts no alarm, so that there would be no retry. */
  @GuardedBy("lock")
  private @Nullable Ending retryLater(Job<?> job, Throwable failure) {
    Duration pause = job.lane.pauseAfter(job.attempt());
    ScheduledFuture<?> alarm = alarms.after(Alarms.nanos(pause), () -> retry(job));
    if (alarm == null) {
      return null;
    }
    JobRun interrupted = announceInterrupt(job);
    job.failures.add(failure);
    job.retryAlarm = alarm;
    jobs.retryLater(job,
        () -> new LaneEvent.Retried(job.lane(), job.id(), job.task().name(), job.attempt(), failure, pause));
    return new Ending(job, interrupted, null, null);
  }

  private void retry(Job<?> job) {
    lock.lock();
    try {
      if (job.state() == Job.State.RETRYING) {
        jobs.requeue(job);
      }
    } finally {
      lock.unlock();
    }
  }

  // Time

  /** Ends the attempts that have taken too long: they are interrupted, and retried if they may be. */
  void endDueAttempts() {
    List<AttemptTimeouts.DueAttempt> due;
    lock.lock();
    try {
      due = jobs.timeouts().takeDue(jobs.now());
    } finally {
      lock.unlock();
    }
    List<Ending> endings = new ArrayList<>();
    try {
      for (AttemptTimeouts.DueAttempt attempt : due) {
        Ending ending = decideTimeOut(attempt.job(), attempt.attempt());
        if (ending != null) {
          endings.add(ending);
        }
      }
    } finally {
      notifier.finishOnPlatformThreads(endings);
    }
  }

  /** Returns null if the attempt was over before, or has been given more time. */
  private @Nullable Ending decideTimeOut(Job<?> job, int attempt) {
    lock.lock();
    try {
      if (job.isRunning(attempt) && job.due > jobs.now()) {
        // Its lease has been renewed meanwhile.
        jobs.timeouts().set(job, job.due, jobs.now());
        return null;
      }
    } finally {
      lock.unlock();
    }
    return decideFailure(job, attempt, timedOut(job, job.task().isExternal()
        ? "the lease of its worker expired without a result"
        : "it ran longer than the " + job.lane.lane.timeout() + " that its lane allows"));
  }

  /** Ends a job whose deadline has passed, whatever its state. */
  void deadlinePassed(Job<?> job) {
    Throwable failure = timedOut(job, "its deadline, " + job.task().within() + " after its submission, passed");
    Ending ending = decideEnd(job, failure, false, clock.instant());
    if (ending != null) {
      notifier.finishOnPlatformThreads(List.of(ending));
    }
  }

  private LaneException.TimedOut timedOut(Job<?> job, String why) {
    Throwable last;
    lock.lock();
    try {
      last = job.failures.isEmpty() ? null : job.failures.getLast();
    } finally {
      lock.unlock();
    }
    return new LaneException.TimedOut(job.task().name() + " (" + job.id() + " in lane " + job.lane() + "): " + why,
        last);
  }

  // Cancellation and shutdown

  /**
   * Ends a job whose caller no longer wants its result, if it is not done, and then completes its future by this
   * action.
   */
  boolean cancelThen(Job<?> job, BooleanSupplier completion) {
    boolean cancelled = cancel(job);
    try {
      return completion.getAsBoolean();
    } finally {
      if (cancelled) {
        notifier.callerNotified();
      }
    }
  }

  /** Returns false if the job was done before. */
  private boolean cancel(Job<?> job) {
    if (job.state() == Job.State.DONE) {
      return false;
    }
    Ending ending = decideEnd(job, new CancellationException(job + " was cancelled"), true, Instant.EPOCH);
    if (ending == null) {
      return false;
    }
    ending.interrupt();
    return true;
  }

  /** Ends jobs that are not done when the executor is shut down. */
  void shutDown(List<Job<?>> left) {
    List<Ending> endings = new ArrayList<>();
    try {
      for (Job<?> job : left) {
        LaneException failure = new LaneException.ShutDown(job.task().name() + " (" + job.id() + " in lane "
            + job.lane() + ") was not done when the executor was shut down");
        Ending ending = decideEnd(job, failure, false, Instant.EPOCH);
        if (ending != null) {
          endings.add(ending);
        }
      }
    } finally {
      notifier.finishOnPlatformThreads(endings);
    }
  }

  // The end without a result

  /** Returns null if the job was done before. */
  private @Nullable Ending decideEnd(Job<?> job, Throwable failure, boolean cancelled, Instant at) {
    lock.lock();
    try {
      if (job.state() == Job.State.DONE) {
        return null;
      }
      JobRun interrupted = announceInterrupt(job);
      jobs.end(job, jobs.now());
      job.failures.add(failure);
      return new Ending(job, interrupted, account(job, failure, cancelled, at), failure);
    } finally {
      lock.unlock();
    }
  }

  /** Returns the run to interrupt without the lock; null if nothing runs, or the calling thread does. */
  @GuardedBy("lock")
  private @Nullable JobRun announceInterrupt(Job<?> job) {
    JobRun run = job.run;
    return run != null && run.announceInterrupt() ? run : null;
  }

  /** Counts and publishes the end. Returns the dead letter that the job has become, if any. */
  @GuardedBy("lock")
  private @Nullable DeadLetter account(Job<?> job, Throwable failure, boolean cancelled, Instant at) {
    String lane = job.lane();
    String task = job.task().name();
    if (cancelled) {
      job.lane.cancelled++;
      jobs.publish(() -> new LaneEvent.Cancelled(lane, job.id(), task));
      return null;
    }
    job.lane.failed++;
    jobs.publish(() -> failure instanceof LaneException.TimedOut
        ? new LaneEvent.TimedOut(lane, job.id(), task, failure)
        : new LaneEvent.Failed(lane, job.id(), task, failure));
    if (failure instanceof LaneException.ShutDown) {
      return null;
    }
    DeadLetter letter = new DeadLetter(job.id(), lane, job.task(), job.failures, at);
    deadLetters.add(letter);
    jobs.publish(() -> new LaneEvent.DeadLettered(lane, job.id(), task));
    return letter;
  }
}
