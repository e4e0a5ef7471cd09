package dev.memlane.endpoints;

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
 * Several endpoints of one service, and which of them may take the next request.
 *
 * <p>
 * The pool holds no queue and sends nothing. Whoever has something to send asks for a {@link Permit} when he has it, puts the
 * request together for the endpoint that has one, and says how it ended; whoever got none is told by {@link #onFree} when it
 * is worth asking again. So a request is bound to an endpoint when that can begin it, and not before: none waits at one
 * endpoint while another could take it.
 *
 * <p>
 * An endpoint has a place if fewer requests are in flight than it may have ({@link EndpointLimits#concurrency}), fewer were
 * begun in the last minute, it hasn't asked to be left alone, its circuit breaker is closed, and it hasn't denied its key.
 *
 * <p>
 * Safe for use by several threads; no method waits. Listeners and {@link #onFree} are called without the lock, by the
 * thread that gave a place back, or by the scheduler's when time alone made one free.
 */
public final class EndpointPool<E> implements AutoCloseable {

  private static final long PROBES_FIRST_AFTER = Duration.ofSeconds(5).toNanos();

  // Fixed
  private final List<Gate<E>> gates;
  private final Policy policy;
  private final EndpointListener listener;
  private final ScheduledExecutorService scheduler;
  private final LongSupplier nanoTime;
  private final long origin;
  private final Comparator<Gate<E>> leastLoaded = Comparator.<Gate<E>>comparingDouble(Gate::load)
      .thenComparingDouble(Gate::latency);

  // Guarded by the lock
  private final Object lock = new Object();
  private final List<EndpointEvent> events = new ArrayList<>();
  private @Nullable ScheduledFuture<?> alarm;
  private long alarmAt = Health.NEVER;

  private volatile Runnable onFree = () -> {};

  /**
   * @param endpoints at least one, each with a name of its own
   * @param scheduler tells when time alone makes a place free; stays the caller's to shut down
   * @param nanoTime what time it is, in nanoseconds from any origin
   */
  public EndpointPool(List<Endpoint<E>> endpoints, Policy policy, EndpointListener listener,
      ScheduledExecutorService scheduler, LongSupplier nanoTime) {
    if (endpoints.isEmpty()) {
      throw new InvalidInputException("a pool needs at least one endpoint");
    }
    Set<String> names = new HashSet<>();
    for (Endpoint<E> endpoint : endpoints) {
      if (!names.add(endpoint.name())) {
        throw new InvalidInputException("two endpoints are called " + endpoint.name() + "; each needs its own name");
      }
    }
    this.gates = endpoints.stream().map(endpoint -> new Gate<>(endpoint, events)).toList();
    this.policy = policy;
    this.listener = listener;
    this.scheduler = scheduler;
    this.nanoTime = nanoTime;
    this.origin = nanoTime.getAsLong();
  }

  /** Sets who is told that a place may be free; until then, nobody. */
  public void onFree(Runnable onFree) {
    this.onFree = onFree;
  }

  /** What time it is by the pool's clock: nanoseconds since it was built. */
  public long now() {
    return nanoTime.getAsLong() - origin;
  }

  /**
   * A place for one request that can begin now.
   *
   * @return null if there is none; {@link #onFree} is called when there may be
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
      return new Permit<>(this, chosen, chosen.enter(demand, now), now);
    }
  }

  /** Probes come last, because they may fail the one who carries them, unless one has been due for long. */
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
      case WEIGHTED -> inTurn(healthy);
      case AFFINITY -> atHome(healthy, demand, now);
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

  /** Smooth weighted round-robin, as nginx does it. */
  private Gate<E> inTurn(List<Gate<E>> ready) {
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

  private Gate<E> atHome(List<Gate<E>> ready, Demand demand, long now) {
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

  /** The finalizer of MurmurHash3, because names that differ in a digit have hashes that differ in a digit. */
  private static int mixed(int hash) {
    int mixed = (hash ^ hash >>> 16) * 0x85ebca6b;
    mixed = (mixed ^ mixed >>> 13) * 0xc2b2ae35;
    return mixed ^ mixed >>> 16;
  }

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
      // Its owner has shut it down, and with it what keeps the deadlines of those who wait.
      alarmAt = Health.NEVER;
    }
  }

  private void ring() {
    synchronized (lock) {
      alarm = null;
      alarmAt = Health.NEVER;
    }
    locked(now -> gates.forEach(gate -> gate.tellState(now)));
    freed();
  }

  /**
   * Why no endpoint will take anything for minutes to come: all have denied their keys.
   *
   * @return null if one may
   */
  public @Nullable String whyNone() {
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
  public String troubles() {
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

  /** Tells nobody any more, and calls off what was scheduled. The endpoints' targets stay their owner's to close. */
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

  /** Something that happens under the lock, at a time. */
  @FunctionalInterface
  interface Change {
    void at(long now);
  }

  void locked(Change change) {
    List<EndpointEvent> toTell;
    synchronized (lock) {
      change.at(now());
      toTell = List.copyOf(events);
      events.clear();
    }
    toTell.forEach(this::tell);
  }

  private void tell(EndpointEvent one) {
    if (one instanceof EndpointEvent.Changed(String endpoint, EndpointState state, String reason)
        && state == EndpointState.OUT) {
      System.getLogger(EndpointPool.class.getName()).log(System.Logger.Level.WARNING,
          "endpoint " + endpoint + " is not used any more: " + reason);
    }
    try {
      one.tell(listener);
    } catch (Throwable e) {
      // A listener's fault, whatever it is, must not cost a request its answer.
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
