package dev.memlane.endpoints;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The way into one endpoint: who may begin a request there now, and what became of those that did. Guarded by the pool's
 * lock; what is to be told afterwards, without it, gathers in {@link #events}. Times are nanoseconds by the pool's clock.
 */
final class Gate<E> {

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
  private EndpointState toldState = EndpointState.SERVING;
  private int inFlight;
  private long lastFullAt = -1;
  private long requests;
  private long retries;
  private long succeeded;
  private long busy;
  private long failed;
  private long items;
  /** For {@link Policy#WEIGHTED}: what it is owed. */
  long credit;
  /** About how long an answer takes: an exponentially weighted mean. */
  private double latency;

  Gate(Endpoint<E> endpoint, List<EndpointEvent> events) {
    EndpointLimits limits = endpoint.limits();
    this.endpoint = endpoint;
    this.events = events;
    this.concurrency = new ConcurrencyLimit(limits.concurrency(), limits.mostConcurrency());
    this.requestRate = limits.requestsPerMinute() == 0
        ? null
        : new RateLimit(limits.requestsPerMinute(), USEFUL_REQUESTS);
    this.unitRate = limits.unitsPerMinute() == 0 ? null : new RateLimit(limits.unitsPerMinute(), unitsAtOnce(limits));
  }

  /** A request must be able to hold so many that all of a minute's units fit into a minute's requests. */
  private static long unitsAtOnce(EndpointLimits limits) {
    long useful = limits.unitsPerRequest() == 0 ? USEFUL_UNITS : limits.unitsPerRequest();
    return limits.requestsPerMinute() == 0
        ? useful
        : Math.max(useful, Math.ceilDiv(limits.unitsPerMinute(), limits.requestsPerMinute()));
  }

  /** When this may begin; now or earlier if at once, {@link Health#NEVER} if something has to end first. */
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

  /** Of scarce units a request waits for a quarter of what may go out together, if there is a use for so many. */
  private long worthwhile(Demand demand, RateLimit rate) {
    long most = endpoint.limits().unitsPerRequest();
    long wish = Math.min(demand.wish(), rate.atOnce() / CRUMBS);
    return Math.max(demand.least(), most == 0 ? wish : Math.min(wish, most));
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

  /** The share of what it may have in flight that it has, with one more. */
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

  /** Lets a request in. */
  Entry enter(Demand demand, long now) {
    inFlight++;
    if (inFlight >= concurrency.limit()) {
      lastFullAt = now;
    }
    boolean probe = health.needsProbe();
    if (probe) {
      health.probeBegun();
    }
    return new Entry(probe, !demand.notBefore().isEmpty(), room(now),
        new Charges(requestRate == null ? null : requestRate.charge(1, now),
            unitRate == null ? null : unitRate.charge(demand.least(), now)));
  }

  /**
   * What a request that was let in has.
   *
   * @param retry whether it failed before
   * @param room the most units it may have
   */
  record Entry(boolean probe, boolean retry, long room, Charges charges) {}

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
   * @param unitsUsed as the endpoint counts them; 0 or less if it doesn't say
   * @param exhausted how long it says that it will take nothing; 0 if it will
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
    events.add(new EndpointEvent.Ended(endpoint.name(), null, took, permit.items(), permit.units()));
    tellLimit(limitBefore);
    tellState(now);
  }

  /** @param retryAfter how long it asks to be left alone; 0 if it doesn't say */
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
      case BUSY -> concurrency.refused(permit.begunAt(), health.busy(probe, permit.begunAt(), retryAfter, why, now), now);
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
    events.add(new EndpointEvent.Ended(endpoint.name(), failure, now - permit.begunAt(), permit.items(), permit.units()));
    tellLimit(limitBefore);
    tellState(now);
  }

  private void tellLimit(int before) {
    if (concurrency.limit() != before) {
      events.add(new EndpointEvent.Limited(endpoint.name(), concurrency.limit()));
    }
  }

  /** Has it told if the state is not the one that was told last; a pause ends by itself. */
  void tellState(long now) {
    EndpointState state = health.state(now);
    if (state != toldState) {
      toldState = state;
      events.add(new EndpointEvent.Changed(endpoint.name(), state, health.reason(now)));
    }
  }

  EndpointStats stats(long now) {
    return new EndpointStats(endpoint.name(), health.state(now), health.reason(now), inFlight, concurrency.limit(),
        requests, retries, succeeded, busy, failed, items, recent.itemsPerSecond(now), recent.percentile(50, now),
        recent.percentile(99, now));
  }
}
