package dev.memlane.endpoints;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The admission control of one endpoint: its limits, rates and health, and the results of its requests.
 *
 * <p>
 * All access holds the pool's lock, which Error Prone can't check here because it belongs to another object. Events are
 * collected in {@link #events}, and the pool reports them after releasing the lock. Times are nanoseconds by the pool's
 * clock.
 */
final class Gate<E> {

  /** A request waits for at least this part of the units that may go out at once. */
  private static final int CRUMBS = 4;
  private static final long USEFUL_REQUESTS = 10;
  private static final long USEFUL_UNITS = 8_192;

  final Endpoint<E> endpoint;
  private final ConcurrencyLimit concurrency;
  private final @Nullable RateLimit requestRate;
  private final @Nullable RateLimit unitRate;
  private final Health health = new Health();
  private final RecentAnswers recent = new RecentAnswers();
  private final List<EndpointEvent> events;
  private EndpointState reportedState = EndpointState.SERVING;
  private int inFlight;
  private long lastFullAt = -1;
  private long requests;
  private long retries;
  private long succeeded;
  private long busy;
  private long failed;
  private long items;
  /** The balance of smooth weighted round-robin, for {@link Policy#WEIGHTED}. */
  long credit;
  /** An exponentially weighted mean of the time that an answer takes. */
  private double latency;

  Gate(Endpoint<E> endpoint, List<EndpointEvent> events) {
    EndpointLimits limits = endpoint.limits();
    this.endpoint = endpoint;
    this.events = events;
    this.concurrency = new ConcurrencyLimit(limits.concurrency(), limits.maxConcurrency());
    this.requestRate = limits.requestsPerMinute() == 0
        ? null
        : new RateLimit(limits.requestsPerMinute(), USEFUL_REQUESTS);
    this.unitRate = limits.unitsPerMinute() == 0 ? null : new RateLimit(limits.unitsPerMinute(), unitsAtOnce(limits));
  }

  /** A request must be able to hold enough units that a minute's units fit into a minute's requests. */
  private static long unitsAtOnce(EndpointLimits limits) {
    long useful = limits.unitsPerRequest() == 0 ? USEFUL_UNITS : limits.unitsPerRequest();
    return limits.requestsPerMinute() == 0
        ? useful
        : Math.max(useful, Math.ceilDiv(limits.unitsPerMinute(), limits.requestsPerMinute()));
  }

  /** When a request may begin: now or earlier if at once, {@link Health#NEVER} if another request has to end first. */
  long readyAt(Demand demand, long now) {
    if (inFlight >= concurrency.limit() || health.readyAt() == Health.NEVER) {
      return Health.NEVER;
    }
    long at = Math.max(health.readyAt(), demand.notBefore().getOrDefault(endpoint.name(), 0L));
    if (requestRate != null) {
      at = Math.max(at, requestRate.readyAt(1, now));
    }
    if (unitRate != null) {
      at = Math.max(at, unitRate.readyAt(worthwhile(demand, unitRate), now));
    }
    return at;
  }

  /** How many units a request waits for: a quarter of those that may go out at once, unless fewer are wanted. */
  private long worthwhile(Demand demand, RateLimit rate) {
    long most = endpoint.limits().unitsPerRequest();
    long wish = Math.min(demand.wantedUnits(), rate.atOnce() / CRUMBS);
    return Math.max(demand.minUnits(), most == 0 ? wish : Math.min(wish, most));
  }

  boolean serves(long now) {
    return health.state(now) == EndpointState.SERVING;
  }

  boolean needsProbe() {
    return health.needsProbe();
  }

  /** How long a probe has been due, in nanoseconds. */
  long probeOverdue(long now) {
    return now - health.readyAt();
  }

  boolean isOut(long now) {
    return health.state(now) == EndpointState.OUT && (health.readyAt() > now);
  }

  String reason(long now) {
    return health.reason(now);
  }

  /** The share of the concurrency limit that is used after one more request. */
  double load() {
    return (inFlight + 1.0) / concurrency.limit();
  }

  double latency() {
    return latency;
  }

  private long room(long now) {
    long perRequest = endpoint.limits().unitsPerRequest();
    long most = perRequest == 0 ? Long.MAX_VALUE : perRequest;
    return unitRate == null ? most : Math.min(most, unitRate.room(now));
  }

  /** Admits a request. */
  Admission admit(Demand demand, long now) {
    inFlight++;
    if (inFlight >= concurrency.limit()) {
      lastFullAt = now;
    }
    boolean probe = health.needsProbe();
    if (probe) {
      health.probeBegun();
    }
    return new Admission(probe, !demand.notBefore().isEmpty(), room(now),
        new Charges(requestRate == null ? null : requestRate.charge(1, now),
            unitRate == null ? null : unitRate.charge(demand.minUnits(), now)));
  }

  /**
   * The admission of a request.
   *
   * @param probe whether it probes if the endpoint works again
   * @param retry whether it failed before
   * @param room the most units it may have
   */
  record Admission(boolean probe, boolean retry, long room, Charges charges) {}

  void begin(Permit<E> permit) {
    requests++;
    retries += permit.isRetry() ? 1 : 0;
    permit.charges().correctUnits(permit.units());
  }

  void abandoned(Permit<E> permit) {
    inFlight--;
    if (!permit.isBegun()) {
      permit.charges().giveBack();
    }
    if (permit.isProbe()) {
      health.probeAbandoned();
    }
  }

  /**
   * @param unitsUsed the units that the endpoint counted; 0 or less if it doesn't say
   * @param exhausted how long the endpoint says it will accept nothing; 0 if it accepts something now
   */
  void succeeded(Permit<E> permit, long unitsUsed, long exhausted, long now) {
    int limitBefore = concurrency.limit();
    boolean full = lastFullAt >= permit.takenAt();
    long took = now - permit.begunAt();
    inFlight--;
    succeeded++;
    items += permit.items();
    latency = latency == 0 ? took : 0.8 * latency + 0.2 * took;
    recent.add(took, permit.items(), now);
    health.answered(permit.isProbe());
    concurrency.succeeded(permit.begunAt(), full, now);
    if (unitsUsed > 0) {
      permit.charges().correctUnits(unitsUsed);
    }
    health.pause(exhausted, "nothing is left of its rate limit", now);
    events.add(new EndpointEvent.RequestEnded(endpoint.name(), null, took, permit.items(), permit.units()));
    reportLimit(limitBefore);
    reportState(now);
  }

  /** @param retryAfter how long the endpoint asks to be left alone; 0 if it doesn't say */
  void failed(Permit<E> permit, Failure failure, String why, long retryAfter, long now) {
    int limitBefore = concurrency.limit();
    boolean probe = permit.isProbe();
    inFlight--;
    if (failure == Failure.BUSY) {
      busy++;
    } else {
      failed++;
    }
    switch (failure) {
      case BUSY -> {
        long pause = health.busy(probe, permit.begunAt(), retryAfter, why, now);
        concurrency.refused(permit.begunAt(), pause, now);
      }
      case TIMED_OUT -> {
        concurrency.refused(permit.begunAt(), 0, now);
        health.failed(probe, 0, why, now);
      }
      case UNAVAILABLE -> health.failed(probe, retryAfter, why, now);
      case DENIED -> health.denied(why, now);
      case REFUSED -> health.refusedTheRequest(probe);
      case UNKNOWN -> {
        if (probe) {
          health.failed(true, 0, why, now);
        }
      }
    }
    events.add(new EndpointEvent.RequestEnded(endpoint.name(), failure, now - permit.begunAt(), permit.items(),
        permit.units()));
    reportLimit(limitBefore);
    reportState(now);
  }

  private void reportLimit(int before) {
    if (concurrency.limit() != before) {
      events.add(new EndpointEvent.LimitChanged(endpoint.name(), concurrency.limit()));
    }
  }

  /** Reports the state if it has changed since the last report. A pause ends without any call. */
  void reportState(long now) {
    EndpointState state = health.state(now);
    if (state != reportedState) {
      reportedState = state;
      events.add(new EndpointEvent.StateChanged(endpoint.name(), state, health.reason(now)));
    }
  }

  EndpointStats stats(long now) {
    return new EndpointStats(endpoint.name(), health.state(now), health.reason(now), inFlight, concurrency.limit(),
        requests, retries, succeeded, busy, failed, items, recent.itemsPerSecond(now), recent.percentile(50, now),
        recent.percentile(99, now));
  }
}
