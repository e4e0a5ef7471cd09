package dev.memlane.endpoints;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The right to have one request in flight at an endpoint. Whoever took it says {@link #begin} before sending, and then, once,
 * how the request ended; what is said after that has no effect. Safe for use by several threads.
 */
public final class Permit<E> {

  private static final Duration MOST_PATIENCE = Duration.ofHours(1);

  private final EndpointPool<E> pool;
  private final Gate<E> gate;
  private final Gate.Entry entry;
  private final long takenAt;

  // Guarded by the pool's lock
  private long begunAt;
  private int items;
  private long units;
  private boolean begun;
  private boolean ended;

  Permit(EndpointPool<E> pool, Gate<E> gate, Gate.Entry entry, long now) {
    this.pool = pool;
    this.gate = gate;
    this.entry = entry;
    this.takenAt = now;
    this.begunAt = now;
  }

  /** Where the request goes. */
  public Endpoint<E> endpoint() {
    return gate.endpoint;
  }

  /** The most units that the request may have; a single thing of more is sent alone. */
  public long room() {
    return entry.room();
  }

  /** Whether the request is to find out if the endpoint is back. It should be as small as possible. */
  public boolean isProbe() {
    return entry.probe();
  }

  /**
   * Counts what is about to be sent.
   *
   * @param items how many things (texts) it holds
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
   * @param unitsUsed how many units the endpoint has counted; 0 or less if it doesn't say
   * @param allowance what it says it would still take; null if it doesn't say
   */
  public void succeeded(long unitsUsed, @Nullable Allowance allowance) {
    long exhausted = allowance == null ? 0 : bounded(allowance.exhaustedFor());
    end(now -> gate.succeeded(this, unitsUsed, exhausted, now));
  }

  /**
   * The request failed.
   *
   * @param why a line about it for those who look at the pool; no secrets
   * @param retryAfter how long the endpoint asks to be left alone; null if it doesn't say
   */
  public void failed(Failure failure, String why, @Nullable Duration retryAfter) {
    long pause = retryAfter == null ? 0 : bounded(retryAfter);
    end(now -> gate.failed(this, failure, why, pause, now));
  }

  /** Nobody wants the request any more; or there was nothing to send. */
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

  // For the gate, under the lock

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
    return entry.retry();
  }

  Charges charges() {
    return entry.charges();
  }

  @Override
  public String toString() {
    return "Place[" + gate.endpoint.name() + (entry.probe() ? ", probe" : "") + "]";
  }
}
