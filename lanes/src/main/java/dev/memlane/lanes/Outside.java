package dev.memlane.lanes;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An executor's tasks as workers outside see them: they claim one, do it, and say how it went.
 *
 * <pre>{@code
 * Job<String> job = executor.submit("execute", Task.outside(String.class, Map.of("command", "make")).named("shell"));
 *
 * // A worker
 * outside.next("execute", Duration.ofMinutes(1)).ifPresent(claim -> {
 *   outside.complete(claim.id(), build(claim.payload()));
 * });
 * }</pre>
 *
 * <p>
 * A task that is claimed holds a place of its lane, as one that runs here does; one that waits for a worker holds none, so that a
 * lane whose tasks are done outside should have places reserved where others are always busy. In one lane, tasks that run here go first,
 * however long a worker has asked for one: tasks for outside have a lane of their own where both would be many. A claim
 * is a lease: when it ends without an answer, the task is taken back, and offered again if it is idempotent and its lane allows
 * another attempt; otherwise it has failed, because what its worker did nobody knows. An answer that comes later is not taken.
 *
 * <p>
 * Safe for use by several threads; no method waits.
 */
public final class Outside {

  /**
   * A task that waits for a worker.
   *
   * @param id the job's
   * @param attempts how often it was claimed before
   */
  public record Offer(String id, String lane, String task, @Nullable Object payload, int attempts) {}

  /**
   * A task that a worker does.
   *
   * @param id by which it is answered; another for each attempt
   * @param job the job's id
   * @param lease how long until it is taken back, the time that its lane allows at most
   */
  public record Claim(String id, String job, String lane, String task, @Nullable Object payload, int attempt,
      Duration lease) {}

  /** Between a job's id and the attempt in a claim's. */
  private static final char ATTEMPT = '.';

  private final LaneExecutor executor;
  private final Dispatcher dispatcher;

  Outside(LaneExecutor executor, Dispatcher dispatcher) {
    this.executor = executor;
    this.dispatcher = dispatcher;
  }

  /** What waits for a worker, lane by lane, the oldest first. */
  public List<Offer> offers() {
    List<Offer> offers = new ArrayList<>();
    dispatcher.acquire();
    try {
      for (LaneState lane : dispatcher.allocator().lanes()) {
        for (Job<?> job : lane.outside().oldestFirst()) {
          offers.add(new Offer(job.id(), job.lane(), job.task().name(), job.task().payload(), job.attempt()));
        }
      }
    } finally {
      dispatcher.release();
    }
    return offers;
  }

  /**
   * Claims the task of a lane whose turn is next.
   *
   * @return empty if none waits, or no place is free for the lane; a {@link LaneEvent.Offered} tells when one is
   * @throws IllegalArgumentException if there is no such lane, or the lease is not longer than nothing
   */
  public Optional<Claim> next(String lane, Duration lease) {
    LaneState state = dispatcher.allocator().lane(lane);
    long nanos = nanos(lease);
    dispatcher.acquire();
    try {
      long now = dispatcher.now();
      return claim(state.outside().candidate(now), nanos, now);
    } finally {
      dispatcher.release();
    }
  }

  /**
   * Claims a task by its job's id, before its turn.
   *
   * @return empty if it doesn't wait any more, or no place is free for its lane
   * @throws IllegalArgumentException if the lease is not longer than nothing
   */
  public Optional<Claim> claim(String job, Duration lease) {
    long nanos = nanos(lease);
    dispatcher.acquire();
    try {
      return claim(dispatcher.outside(job), nanos, dispatcher.now());
    } finally {
      dispatcher.release();
    }
  }

  /**
   * Has the lease end so long from now, or when the time is over that the lane allows for an attempt, if that is earlier.
   *
   * @return false if it has ended, because of time or because nobody wants the result any more: then stop
   */
  public boolean renew(String claim, Duration lease) {
    long nanos = nanos(lease);
    dispatcher.acquire();
    try {
      Job<?> job = claimed(claim);
      if (job == null) {
        return false;
      }
      long now = dispatcher.now();
      long due = Math.min(now + nanos, job.startedAt + Alarms.nanos(job.lane.lane.timeout()));
      dispatcher.setDue(job, due, now);
      return due > now;
    } finally {
      dispatcher.release();
    }
  }

  /**
   * Says that it is done.
   *
   * @return false if the claim has ended before, and the result is not taken
   * @throws IllegalArgumentException if the result is of another type than the task's
   */
  public boolean complete(String claim, Object result) {
    Objects.requireNonNull(result, "result");
    Job<?> job = lookUp(claim);
    return job != null && succeed(job, attempt(claim), result);
  }

  /**
   * Says that it failed.
   *
   * @return false if the claim has ended before
   */
  public boolean fail(String claim, Throwable failure) {
    Objects.requireNonNull(failure, "failure");
    Job<?> job = lookUp(claim);
    return job != null && executor.attemptFailed(job, attempt(claim), failure);
  }

  private static long nanos(Duration lease) {
    if (!lease.isPositive()) {
      throw new IllegalArgumentException("the lease is " + lease + "; it must be longer than nothing");
    }
    return Alarms.nanos(lease);
  }

  /** Needs the lock. */
  private Optional<Claim> claim(@Nullable Job<?> job, long lease, long now) {
    if (job == null) {
      return Optional.empty();
    }
    long allowed = Math.min(lease, Alarms.nanos(job.lane.lane.timeout()));
    if (!dispatcher.beginOutside(job, now, allowed)) {
      return Optional.empty();
    }
    String claim = job.id() + ATTEMPT + job.attempt();
    job.claim = claim;
    return Optional.of(new Claim(claim, job.id(), job.lane(), job.task().name(), job.task().payload(), job.attempt(),
        Duration.ofNanos(allowed)));
  }

  private static int attempt(String claim) {
    return Integer.parseInt(claim.substring(claim.lastIndexOf(ATTEMPT) + 1));
  }

  private @Nullable Job<?> lookUp(String claim) {
    dispatcher.acquire();
    try {
      return claimed(claim);
    } finally {
      dispatcher.release();
    }
  }

  /** Needs the lock. */
  private @Nullable Job<?> claimed(String claim) {
    int end = claim.lastIndexOf(ATTEMPT);
    Job<?> job = end < 0 ? null : dispatcher.outside(claim.substring(0, end));
    return job != null && claim.equals(job.claim) ? job : null;
  }

  /** {@link Task#outside} makes tasks whose T is its type. */
  @SuppressWarnings("unchecked")
  private <T extends @Nullable Object> boolean succeed(Job<T> job, int attempt, Object result) {
    Class<?> type = Objects.requireNonNull(job.task().type());
    if (!type.isInstance(result)) {
      throw new IllegalArgumentException(job + " is to be answered by a " + type.getName() + ", not by a "
          + result.getClass().getName());
    }
    return executor.succeeded(job, attempt, (T) result);
  }
}
