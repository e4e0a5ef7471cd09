package dev.memlane.lanes;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The way into an executor: makes jobs of tasks, and adds them to their lanes or refuses them. Safe for use by
 * several threads.
 */
final class JobIntake {

  /** As many as there are numbers of eight digits to base 36. */
  private static final long PREFIXES = 2_821_109_907_456L;

  private final String prefix = Long.toString(new SecureRandom().nextLong(PREFIXES), Character.MAX_RADIX) + "-";
  private final AtomicLong sequence = new AtomicLong();
  private final LongSupplier nanoTime;
  private final PermitAllocator allocator;
  private final JobEnder ender;
  private final ExecutorLock lock;
  @GuardedBy("lock")
  private final JobStateMachine jobs;

  /** @param allocator for its lanes, which need no lock */
  JobIntake(LongSupplier nanoTime, PermitAllocator allocator, ExecutorLock lock, JobStateMachine jobs,
      JobEnder ender) {
    this.nanoTime = nanoTime;
    this.allocator = allocator;
    this.lock = lock;
    this.jobs = jobs;
    this.ender = ender;
  }

  /**
   * @param attempts how many attempts have begun before
   * @throws IllegalArgumentException if there is no such lane
   */
  <T extends @Nullable Object> Job<T> submit(String lane, Task<T> task, int attempts) {
    Job<T> job = newJob(allocator.lane(lane), task, null, attempts);
    add(job);
    failIfRefused(job);
    return job;
  }

  /**
   * Submits tasks together.
   *
   * @param decision where they are to run, and why; null if no decision was made
   * @return the jobs in the order of the tasks; those that found no room have failed
   * @throws IllegalArgumentException if there is no such lane
   */
  <T extends @Nullable Object> List<Job<T>> submitAll(String lane, List<Task<T>> tasks, @Nullable Decision decision) {
    LaneState state = allocator.lane(lane);
    List<Job<T>> added = new ArrayList<>(tasks.size());
    for (Task<T> task : tasks) {
      added.add(newJob(state, task, decision, 0));
    }
    addAll(state, added);
    added.forEach(JobIntake::failIfRefused);
    return added;
  }

  /**
   * Submits a task, and runs its first attempt on the calling thread if a permit is free for it at once. An interrupt
   * that was meant for the task ends with it. An interrupt that was meant for this thread stays, unless both arrive
   * at the same time.
   */
  <T extends @Nullable Object> Job<T> runHere(String lane, Task<T> task, Decision decision) {
    Job<T> job = newJob(allocator.lane(lane), task, decision, 0);
    JobRun run = beginHereOrAdmit(job);
    if (run != null) {
      run.runHere();
    }
    failIfRefused(job);
    return job;
  }

  private <T extends @Nullable Object> Job<T> newJob(LaneState lane, Task<T> task, @Nullable Decision decision,
      int attempts) {
    long now = nanoTime.getAsLong();
    Duration within = task.within();
    long deadline = within == null ? Long.MAX_VALUE : now + Alarms.nanos(within);
    Job<T> job = new Job<>(prefix, sequence.incrementAndGet(), task, lane, deadline, decision, ender, attempts);
    job.queuedAt = now;
    return job;
  }

  private void add(Job<?> job) {
    // The alarm for a deadline is set when the job is taken in, so such a job is not left among the arrivals.
    boolean mayBeLeft = job.task().within() == null;
    if (mayBeLeft && job.lane.arrived.add(job)) {
      lock.takeInArrivals();
      return;
    }
    lock.lock();
    try {
      jobs.admit(job);
      jobs.takeIn(job.lane);
    } finally {
      lock.unlock();
    }
  }

  private void addAll(LaneState lane, List<? extends Job<?>> added) {
    lock.lock();
    try {
      for (Job<?> job : added) {
        jobs.admit(job);
      }
      if (!added.isEmpty()) {
        jobs.takeIn(lane);
      }
    } finally {
      lock.unlock();
    }
  }

  private @Nullable JobRun beginHereOrAdmit(Job<?> job) {
    lock.lock();
    try {
      return jobs.beginHereOrAdmit(job);
    } finally {
      lock.unlock();
    }
  }

  /** Notifies the submitter of a job that was refused. */
  private static void failIfRefused(Job<?> job) {
    if (job.refusal != null) {
      job.fail(job.refusal == Job.Refusal.FULL ? fullException(job.lane.lane) : shutDownException());
    }
  }

  private static LaneException fullException(Lane lane) {
    return new LaneException.Full("lane " + lane.name() + " has " + lane.queueBound()
        + " tasks waiting, and accepts no more; try again later");
  }

  private static LaneException shutDownException() {
    return new LaneException.ShutDown("the executor has been shut down, and accepts no more tasks");
  }
}
