package dev.memlane.endpoints;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A permit for one request in flight at an endpoint.
 *
 * <p>
 * Its holder calls {@link #begin} before sending the request, and one of the other methods when the request has ended.
 * Only the first such call has an effect. Safe for use by several threads.
 */
public final class Permit<E> {

  private static final Duration MOST_PATIENCE = Duration.ofHours(1);

  private final EndpointPool<E> pool;
  private final Gate<E> gate;
  private final Gate.Admission admission;
  private final long takenAt;

  // Guarded by the pool's lock, which Error Prone can't check here because it belongs to another object
  private long begunAt;
  private int items;
  private long units;
  private boolean begun;
  private boolean ended;

  Permit(EndpointPool<E> pool, Gate<E> gate, Gate.Admission admission, long now) {
    this.pool = pool;
    this.gate = gate;
    this.admission = admission;
    this.takenAt = now;
    this.begunAt = now;
  }

  /** The endpoint that the request goes to. */
  public Endpoint<E> endpoint() {
    return gate.endpoint;
  }

  /** The most units that the request may have. A single item with more units is sent alone. */
  public long room() {
    return admission.room();
  }

  /** Whether the request probes if the endpoint works again. A probe should be as small as possible. */
  public boolean isProbe() {
    return admission.probe();
  }

  /**
   * Counts a request that is about to be sent.
   *
   * @param items how many items (texts) it holds
   * @param units how many units (tokens) they have
   */
  public void begin(int items, long units) {
    pool.locked(now -> {
      this.begunAt = now;
      this.items = items;
      this.units = units;
      this.begun = true;
      gate.begin(this);
    });
  }

  /** The request was answered. */
  public void succeeded() {
    succeeded(Allowance.UNKNOWN, null);
  }

  /**
   * The request was answered.
   *
   * @param unitsUsed the units that the endpoint counted; 0 or less if it doesn't say
   * @param allowance what the endpoint would still accept; null if it doesn't say
   */
  public void succeeded(long unitsUsed, @Nullable Allowance allowance) {
    long exhausted = allowance == null ? 0 : bounded(allowance.exhaustedFor());
    end(now -> gate.succeeded(this, unitsUsed, exhausted, now));
  }

  /**
   * The request failed.
   *
   * @param why one line for reports about the endpoint; no secrets
   * @param retryAfter how long the endpoint asks to be left alone; null if it doesn't say
   */
  public void failed(Failure failure, String why, @Nullable Duration retryAfter) {
    long pause = retryAfter == null ? 0 : bounded(retryAfter);
    end(now -> gate.failed(this, failure, why, pause, now));
  }

  /** The request is not wanted any more, or there was nothing to send. */
  public void abandon() {
    end(now -> gate.abandoned(this));
  }

  private static long bounded(Duration pause) {
    return pause.isNegative() ? 0 : pause.compareTo(MOST_PATIENCE) > 0 ? MOST_PATIENCE.toNanos() : pause.toNanos();
  }

  private void end(EndpointPool.Change change) {
    try {
      pool.locked(now -> {
        if (!ended) {
          ended = true;
          change.at(now);
        }
      });
    } finally {
      pool.freed();
    }
  }

  // For the gate, which calls these under the pool's lock

  long takenAt() {
    return takenAt;
  }

  long begunAt() {
    return begunAt;
  }

  int items() {
    return items;
  }

  long units() {
    return units;
  }

  boolean isBegun() {
    return begun;
  }

  boolean isRetry() {
    return admission.retry();
  }

  Charges charges() {
    return admission.charges();
  }

  @Override
  public String toString() {
    return "Permit[" + gate.endpoint.name() + (admission.probe() ? ", probe" : "") + "]";
  }
}
