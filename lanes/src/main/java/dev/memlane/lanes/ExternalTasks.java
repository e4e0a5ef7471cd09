package dev.memlane.lanes;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An executor's external tasks, as workers outside this process see them. A worker claims a task, does it, and
 * reports the result.
 *
 * <pre>{@code
 * Job<String> job = executor.submit("execute", Task.external(String.class, Map.of("command", "make")).named("shell"));
 *
 * // A worker
 * tasks.next("execute", Duration.ofMinutes(1)).ifPresent(claim -> {
 *   tasks.complete(claim.id(), build(claim.payload()));
 * });
 * }</pre>
 *
 * <p>
 * <b>Permits.</b> A claimed task holds a permit of its lane, as a task does that runs in this process. A task that
 * waits for a worker holds none, so a lane for external tasks should have reserved permits if other lanes are always
 * busy. Within a lane, tasks that run in this process go first, however long a worker has waited: where there are
 * many of both, external tasks should have a lane of their own.
 *
 * <p>
 * <b>Leases.</b> A claim is a lease. When it expires without a result, the task is taken back. It is offered again if
 * it is idempotent and its lane allows another attempt. Otherwise it has failed, because it is unknown what the
 * worker has done. A result that comes later is rejected.
 *
 * <p>
 * Safe for use by several threads. No method waits.
 */
public final class ExternalTasks {

  /**
   * A task that waits for a worker.
   *
   * @param id the job's id
   * @param attempts how often it has been claimed before
   */
  public record Offer(String id, String lane, String task, @Nullable Object payload, int attempts) {}

  /**
   * A task that a worker has claimed.
   *
   * @param id the claim's id, for its result; a new one for each attempt
   * @param job the job's id
   * @param lease the time until the task is taken back; at most the time that its lane allows for an attempt
   */
  public record Claim(String id, String job, String lane, String task, @Nullable Object payload, int attempt,
      Duration lease) {}

  /** Separates the job's id from the attempt in a claim's id. */
  private static final char ATTEMPT = '.';

  private final PermitAllocator allocator;
  private final JobEnder ender;
  private final ExecutorLock lock;
  @GuardedBy("lock")
  private final JobStateMachine jobs;

  /** @param allocator for its lanes, which need no lock */
  ExternalTasks(PermitAllocator allocator, ExecutorLock lock, JobStateMachine jobs, JobEnder ender) {
    this.allocator = allocator;
    this.lock = lock;
    this.jobs = jobs;
    this.ender = ender;
  }

  /** The tasks that wait for a worker, lane by lane, oldest first. */
  public List<Offer> offers() {
    List<Offer> offers = new ArrayList<>();
    lock.lock();
    try {
      for (LaneState lane : jobs.lanes()) {
        for (Job<?> job : lane.external().oldestFirst()) {
          offers.add(new Offer(job.id(), job.lane(), job.task().name(), job.task().payload(), job.attempt()));
        }
      }
    } finally {
      lock.unlock();
    }
    return offers;
  }

  /**
   * Claims the next task of a lane.
   *
   * @return empty if no task waits, or no permit is free for the lane; {@link LaneEvent.Offered} is published when
   * one is
   * @throws IllegalArgumentException if there is no such lane, or the lease is not positive
   */
  public Optional<Claim> next(String lane, Duration lease) {
    LaneState state = allocator.lane(lane);
    long nanos = nanos(lease);
    lock.lock();
    try {
      return claim(state.external().candidate(jobs.now()), nanos);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Claims a task by its job's id, whether or not it is next.
   *
   * @return empty if it no longer waits, or no permit is free for its lane
   * @throws IllegalArgumentException if the lease is not positive
   */
  public Optional<Claim> claim(String job, Duration lease) {
    long nanos = nanos(lease);
    lock.lock();
    try {
      return claim(jobs.external(job), nanos);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets a claim's lease to expire this long from now, or when the time is over that the lane allows for an attempt,
   * if that is earlier.
   *
   * @return false if the claim is over, because its time has passed or the result is no longer wanted: the worker
   * should stop
   * @throws IllegalArgumentException if the lease is not positive
   */
  public boolean renew(String claim, Duration lease) {
    long nanos = nanos(lease);
    lock.lock();
    try {
      Job<?> job = claimed(claim);
      if (job == null) {
        return false;
      }
      long now = jobs.now();
      long due = Math.min(now + nanos, job.startedAt + Alarms.nanos(job.lane.lane.timeout()));
      jobs.timeouts().set(job, due, now);
      return due > now;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Reports the result of a claimed task.
   *
   * @return false if the claim was over before, and the result is rejected
   * @throws IllegalArgumentException if the result is not of the task's type
   */
  public boolean complete(String claim, Object result) {
    Objects.requireNonNull(result, "result");
    Job<?> job = lookUp(claim);
    return job != null && succeed(job, attempt(claim), result);
  }

  /**
   * Reports that a claimed task has failed.
   *
   * @return false if the claim was over before
   */
  public boolean fail(String claim, Throwable failure) {
    Objects.requireNonNull(failure, "failure");
    Job<?> job = lookUp(claim);
    return job != null && ender.fail(job, attempt(claim), failure);
  }

  /**
   * Gives a claim back that nobody has begun to work on, for example because it could not be delivered. The task waits
   * again, behind those that wait already, and the attempt doesn't count. The claim must not be used any more.
   *
   * @return false if the claim was over before
   */
  public boolean release(String claim) {
    lock.lock();
    try {
      Job<?> job = claimed(claim);
      if (job == null || job.state() != Job.State.RUNNING) {
        return false;
      }
      job.released++;
      jobs.requeue(job);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Gives a task that waits to the worker that has it already, for example since before this process began: its present
   * attempt goes on. It needs no free permit and counts as no start, so a lane may run more tasks than its concurrency
   * for a while; then no other begins there.
   *
   * @param job the id of a job that was submitted with the attempts before this one
   * @param ran how long the attempt has run already; it counts for the time that the lane allows an attempt
   * @param lease the time until the task is taken back
   * @return empty if the task no longer waits, or the attempt's time is over
   * @throws IllegalArgumentException if the lease is not positive
   */
  public Optional<Claim> resume(String job, Duration ran, Duration lease) {
    long nanos = nanos(lease);
    lock.lock();
    try {
      Job<?> waiting = jobs.external(job);
      if (waiting == null) {
        return Optional.empty();
      }
      long before = ran.isPositive() ? Alarms.nanos(ran) : 0;
      long allowed = Math.min(nanos, Alarms.nanos(waiting.lane.lane.timeout()) - before);
      return allowed > 0 && jobs.resumeExternal(waiting, before, allowed)
          ? Optional.of(claimed(waiting, allowed))
          : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  private static long nanos(Duration lease) {
    if (!lease.isPositive()) {
      throw new IllegalArgumentException("the lease is " + lease + "; it must be positive");
    }
    return Alarms.nanos(lease);
  }

  @GuardedBy("lock")
  private Optional<Claim> claim(@Nullable Job<?> job, long lease) {
    if (job == null) {
      return Optional.empty();
    }
    long allowed = Math.min(lease, Alarms.nanos(job.lane.lane.timeout()));
    if (!jobs.beginExternal(job, allowed)) {
      return Optional.empty();
    }
    return Optional.of(claimed(job, allowed));
  }

  /** The claim of a job that has just begun. */
  @GuardedBy("lock")
  private Claim claimed(Job<?> job, long lease) {
    String claim = job.id() + ATTEMPT + job.attempt();
    job.claim = claim;
    return new Claim(claim, job.id(), job.lane(), job.task().name(), job.task().payload(), job.attempt(),
        Duration.ofNanos(lease));
  }

  private static int attempt(String claim) {
    return Integer.parseInt(claim.substring(claim.lastIndexOf(ATTEMPT) + 1));
  }

  private @Nullable Job<?> lookUp(String claim) {
    lock.lock();
    try {
      return claimed(claim);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private @Nullable Job<?> claimed(String claim) {
    int end = claim.lastIndexOf(ATTEMPT);
    Job<?> job = end < 0 ? null : jobs.external(claim.substring(0, end));
    return job != null && claim.equals(job.claim) ? job : null;
  }

  /** The cast is safe: {@link Task#external} makes tasks whose T is the type. */
  @SuppressWarnings("unchecked")
  private <T extends @Nullable Object> boolean succeed(Job<T> job, int attempt, Object result) {
    Class<?> type = Objects.requireNonNull(job.task().type());
    if (!type.isInstance(result)) {
      throw new IllegalArgumentException("the result of " + job + " must be a " + type.getName() + ", not a "
          + result.getClass().getName());
    }
    return ender.succeed(job, attempt, (T) result);
  }
}
