package dev.memlane.endpoints;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.InvalidInputException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A pool of endpoints of one service, which gives out permits for requests.
 *
 * <p>
 * The pool has no queue and sends nothing. A client that has something to send asks for a {@link Permit}, puts a
 * request together for the permit's endpoint, sends it, and reports how it ended. A client that got no permit is
 * notified through {@link #onFree} when it should ask again. So a request is bound to an endpoint only when that
 * endpoint can begin it: none waits at one endpoint while another is free.
 *
 * <p>
 * An endpoint has a permit if it has fewer requests in flight than its limit ({@link EndpointLimits#concurrency}), its
 * rates of requests and units leave room, it hasn't asked to be left alone, its circuit breaker is closed, and it
 * hasn't denied its key. An endpoint whose breaker is open, or that denied its key, has a permit for a probe now and
 * then.
 *
 * <p>
 * Safe for use by several threads; no method waits. Listeners and {@link #onFree} are called without the lock: by the
 * thread that gave a permit back, or by the scheduler's thread when a permit became free with time.
 */
public final class EndpointPool<E> implements AutoCloseable {

  private static final long PROBES_FIRST_AFTER = Duration.ofSeconds(5).toNanos();

  private final List<Gate<E>> gates;
  private final Policy policy;
  private final EndpointListener listener;
  private final ScheduledExecutorService scheduler;
  private final LongSupplier nanoTime;
  private final long origin;
  private final Comparator<Gate<E>> leastLoaded = Comparator.<Gate<E>>comparingDouble(Gate::load)
      .thenComparingDouble(Gate::latency);

  private final Object lock = new Object();

  /** The events that have not been reported yet. The gates add to it, under the lock. */
  @GuardedBy("lock")
  private final List<EndpointEvent> events = new ArrayList<>();
  @GuardedBy("lock")
  private @Nullable ScheduledFuture<?> alarm;
  @GuardedBy("lock")
  private long alarmAt = Health.NEVER;

  private volatile Runnable onFree = () -> {};

  /**
   * @param endpoints at least one; no two with the same name
   * @param scheduler the timer that notices when a permit becomes free with time; the caller shuts it down
   * @param nanoTime the clock, in nanoseconds from any origin
   * @throws InvalidInputException if there is no endpoint, or two have the same name
   */
  public EndpointPool(List<Endpoint<E>> endpoints, Policy policy, EndpointListener listener,
      ScheduledExecutorService scheduler, LongSupplier nanoTime) {
    if (endpoints.isEmpty()) {
      throw new InvalidInputException("a pool needs at least one endpoint");
    }
    Set<String> names = new HashSet<>();
    for (Endpoint<E> endpoint : endpoints) {
      if (!names.add(endpoint.name())) {
        throw new InvalidInputException("two endpoints are named " + endpoint.name() + "; each needs its own name");
      }
    }
    List<Gate<E>> gates = new ArrayList<>(endpoints.size());
    for (Endpoint<E> endpoint : endpoints) {
      gates.add(new Gate<>(endpoint, events));
    }
    this.gates = List.copyOf(gates);
    this.policy = policy;
    this.listener = listener;
    this.scheduler = scheduler;
    this.nanoTime = nanoTime;
    this.origin = nanoTime.getAsLong();
  }

  /** Sets the callback for when a permit may have become free. It is called without the lock, also when none is. */
  public void onFree(Runnable onFree) {
    this.onFree = onFree;
  }

  /** The time by the pool's clock: nanoseconds since the pool was built. */
  public long now() {
    return nanoTime.getAsLong() - origin;
  }

  /**
   * Takes a permit for one request that can begin now.
   *
   * @return null if there is none; {@link #onFree} is called when there may be one
   */
  public @Nullable Permit<E> take(Demand demand) {
    synchronized (lock) {
      long now = now();
      List<Gate<E>> ready = new ArrayList<>(gates.size());
      long earliest = Health.NEVER;
      for (Gate<E> gate : gates) {
        long at = gate.readyAt(demand, now);
        if (at <= now) {
          ready.add(gate);
        } else {
          earliest = Math.min(earliest, at);
        }
      }
      if (ready.isEmpty()) {
        setAlarm(earliest, now);
        return null;
      }
      Gate<E> chosen = choose(ready, demand, now);
      return new Permit<>(this, chosen, chosen.admit(demand, now), now);
    }
  }

  /**
   * An endpoint that needs a probe comes last, because the probing request may fail, unless a probe is long overdue.
   */
  private Gate<E> choose(List<Gate<E>> ready, Demand demand, long now) {
    List<Gate<E>> healthy = new ArrayList<>(ready.size());
    for (Gate<E> gate : ready) {
      if (!gate.needsProbe()) {
        healthy.add(gate);
      } else if (gate.probeOverdue(now) >= PROBES_FIRST_AFTER) {
        return gate;
      }
    }
    if (healthy.isEmpty()) {
      return ready.getFirst();
    }
    return switch (policy) {
      case LEAST_LOADED -> leastLoaded(healthy);
      case WEIGHTED -> weighted(healthy);
      case AFFINITY -> homeOrLeastLoaded(healthy, demand, now);
    };
  }

  private Gate<E> leastLoaded(List<Gate<E>> ready) {
    Gate<E> least = ready.getFirst();
    for (Gate<E> gate : ready) {
      if (leastLoaded.compare(gate, least) < 0) {
        least = gate;
      }
    }
    return least;
  }

  /** Smooth weighted round-robin, as in nginx. */
  private Gate<E> weighted(List<Gate<E>> ready) {
    Gate<E> first = ready.getFirst();
    long weights = 0;
    for (Gate<E> gate : ready) {
      gate.credit += gate.endpoint.weight();
      weights += gate.endpoint.weight();
      if (gate.credit > first.credit) {
        first = gate;
      }
    }
    first.credit -= weights;
    return first;
  }

  /** The endpoint with the highest hash, among those that serve, if it is ready. */
  private Gate<E> homeOrLeastLoaded(List<Gate<E>> ready, Demand demand, long now) {
    String workClass = demand.workClass();
    if (workClass == null) {
      return leastLoaded(ready);
    }
    Gate<E> home = null;
    int highest = 0;
    for (Gate<E> gate : gates) {
      int hash = mixed(31 * workClass.hashCode() + gate.endpoint.name().hashCode());
      if (gate.serves(now) && (home == null || hash > highest)) {
        home = gate;
        highest = hash;
      }
    }
    return home != null && ready.contains(home) ? home : leastLoaded(ready);
  }

  /** The finalizer of MurmurHash3. Without it, names that differ in one digit have nearly the same hash. */
  private static int mixed(int hash) {
    int mixed = (hash ^ hash >>> 16) * 0x85ebca6b;
    mixed = (mixed ^ mixed >>> 13) * 0xc2b2ae35;
    return mixed ^ mixed >>> 16;
  }

  @GuardedBy("lock")
  private void setAlarm(long at, long now) {
    if (at == Health.NEVER || at >= alarmAt) {
      return;
    }
    ScheduledFuture<?> later = alarm;
    if (later != null) {
      later.cancel(false);
    }
    alarmAt = at;
    try {
      alarm = scheduler.schedule(this::ring, at - now, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // The owner has shut it down, and with it the timer of the waiting callers' deadlines.
      alarmAt = Health.NEVER;
    }
  }

  private void ring() {
    synchronized (lock) {
      alarm = null;
      alarmAt = Health.NEVER;
    }
    locked(now -> gates.forEach(gate -> gate.reportState(now)));
    freed();
  }

  /**
   * The reason why no endpoint will accept a request for some minutes: all have denied their keys.
   *
   * @return null if an endpoint may accept one
   */
  public @Nullable String whyUnusable() {
    synchronized (lock) {
      long now = now();
      if (!gates.stream().allMatch(gate -> gate.isOut(now))) {
        return null;
      }
      return gates.stream().map(gate -> gate.endpoint.name() + ": " + gate.reason(now))
          .collect(Collectors.joining("; "));
    }
  }

  /** The endpoints that don't serve, and why; empty if all do. */
  public String problems() {
    synchronized (lock) {
      long now = now();
      return gates.stream().filter(gate -> !gate.serves(now))
          .map(gate -> gate.endpoint.name() + ": " + gate.reason(now))
          .collect(Collectors.joining("; "));
    }
  }

  /** Each endpoint, in the order given, at one moment. */
  public List<EndpointStats> stats() {
    synchronized (lock) {
      long now = now();
      return gates.stream().map(gate -> gate.stats(now)).toList();
    }
  }

  /** Stops calling {@link #onFree} and cancels what was scheduled. The owner of the endpoints' targets closes them. */
  @Override
  public void close() {
    onFree = () -> {};
    synchronized (lock) {
      ScheduledFuture<?> last = alarm;
      if (last != null) {
        last.cancel(false);
      }
    }
  }

  /** A change of the gates' state, at a time. */
  @FunctionalInterface
  interface Change {
    void at(long now);
  }

  /** Makes a change under the lock, and reports its events without it. */
  void locked(Change change) {
    List<EndpointEvent> unreported;
    synchronized (lock) {
      change.at(now());
      unreported = List.copyOf(events);
      events.clear();
    }
    unreported.forEach(this::report);
  }

  private void report(EndpointEvent event) {
    if (event instanceof EndpointEvent.StateChanged(String endpoint, EndpointState state, String reason)
        && state == EndpointState.OUT) {
      System.getLogger(EndpointPool.class.getName()).log(System.Logger.Level.WARNING,
          "endpoint " + endpoint + " is not used any more: " + reason);
    }
    try {
      event.report(listener);
    } catch (Throwable e) {
      // A faulty listener must not cost a request its answer.
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
    }
  }

  void freed() {
    onFree.run();
  }

  @Override
  public String toString() {
    return "EndpointPool" + stats();
  }
}
