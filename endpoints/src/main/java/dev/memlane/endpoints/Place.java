package dev.memlane.endpoints;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The right to have one request in flight at an endpoint. Whoever took it says {@link #begin} before sending, and then, once,
 * how the request ended; what is said after that has no effect. Safe for use by several threads.
 */
public final class Place<E> {

  private final EndpointPool<E> pool;
  private final Gate<E> gate;
  private final boolean probe;
  private final long room;
  private final long takenAt;

  // Guarded by the pool's lock
  private long begunAt;
  private int items;
  private long units;
  private RateWindow.@Nullable Charge charge;
  private boolean ended;

  Place(EndpointPool<E> pool, Gate<E> gate, boolean probe, long room, long now) {
    this.pool = pool;
    this.gate = gate;
    this.probe = probe;
    this.room = room;
    this.takenAt = now;
    this.begunAt = now;
  }

  /** Where the request goes. */
  public Endpoint<E> endpoint() {
    return gate.endpoint;
  }

  /** The most units that the request may have; a single thing of more is sent alone. */
  public long room() {
    return room;
  }

  /** Whether the request is to find out if the endpoint is back. It should be as small as possible. */
  public boolean isProbe() {
    return probe;
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
      this.charge = gate.begin(units, now);
    });
  }

  /** The request was answered. */
  public void succeeded() {
    succeeded(Allowance.UNKNOWN, null);
  }

  /**
   * The request was answered.
   *
   * @param unitsUsed how many units the endpoint has counted; less than 0 if it doesn't say
   * @param allowance what it says it would still take; null if it doesn't say
   */
  public void succeeded(long unitsUsed, @Nullable Allowance allowance) {
    end(now -> gate.succeeded(this, unitsUsed, allowance, now));
  }

  /**
   * The request failed.
   *
   * @param why a line about it for those who look at the pool; no secrets
   * @param retryAfter how long the endpoint asks to be left alone; null if it doesn't say
   */
  public void failed(Failure failure, String why, @Nullable Duration retryAfter) {
    long nanos = retryAfter == null || retryAfter.isNegative() ? 0 : pool.bounded(retryAfter);
    end(now -> gate.failed(this, failure, why, nanos, now));
  }

  /** Nobody wants the request any more; or there was nothing to send. */
  public void abandon() {
    end(now -> gate.abandoned(this));
  }

  private void end(EndpointPool.Change change) {
    pool.locked(now -> {
      if (!ended) {
        ended = true;
        change.at(now);
      }
    });
    pool.freed();
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

  RateWindow.@Nullable Charge charge() {
    return charge;
  }

  @Override
  public String toString() {
    return "Place[" + gate.endpoint.name() + (probe ? ", probe" : "") + "]";
  }
}
