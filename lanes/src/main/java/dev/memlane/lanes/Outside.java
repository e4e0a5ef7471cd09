package dev.memlane.lanes;

import java.time.Duration;
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
 * lane whose tasks are done outside should have places reserved where others are always busy. A claim
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

  private final LaneExecutor executor;

  Outside(LaneExecutor executor) {
    this.executor = executor;
  }

  /** What waits for a worker, lane by lane, the oldest first. */
  public List<Offer> offers() {
    return executor.offers();
  }

  /**
   * Claims the task of a lane whose turn is next.
   *
   * @return empty if none waits, or no place is free for the lane; a {@link LaneEvent.Offered} tells when one is
   * @throws IllegalArgumentException if there is no such lane, or the lease is not longer than nothing
   */
  public Optional<Claim> next(String lane, Duration lease) {
    return executor.claimNext(lane, positive(lease));
  }

  /**
   * Claims a task by its job's id, before its turn.
   *
   * @return empty if it doesn't wait any more, or no place is free for its lane
   * @throws IllegalArgumentException if the lease is not longer than nothing
   */
  public Optional<Claim> claim(String job, Duration lease) {
    return executor.claim(job, positive(lease));
  }

  /**
   * Has the lease end so long from now, or when the time is over that the lane allows for an attempt, if that is earlier.
   *
   * @return false if it has ended, because of time or because nobody wants the result any more: then stop
   */
  public boolean renew(String claim, Duration lease) {
    return executor.renew(claim, positive(lease));
  }

  /**
   * Says that it is done.
   *
   * @return false if the claim has ended before, and the result is not taken
   * @throws IllegalArgumentException if the result is of another type than the task's
   */
  public boolean complete(String claim, Object result) {
    return executor.complete(claim, Objects.requireNonNull(result, "result"));
  }

  /**
   * Says that it failed.
   *
   * @return false if the claim has ended before
   */
  public boolean fail(String claim, Throwable failure) {
    return executor.fail(claim, Objects.requireNonNull(failure, "failure"));
  }

  private static Duration positive(Duration lease) {
    if (!lease.isPositive()) {
      throw new IllegalArgumentException("the lease is " + lease + "; it must be longer than nothing");
    }
    return lease;
  }
}
