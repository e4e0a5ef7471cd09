package dev.memlane.endpoints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointPoolTest {

  private static final EndpointLimits ONE = EndpointLimits.none().concurrency(1);

  private final ManualScheduler time = new ManualScheduler();
  private final Recorder recorder = new Recorder();
  private int freed;

  private static Endpoint<String> endpoint(String name, EndpointLimits limits) {
    return new Endpoint<>(name, "at " + name, limits, 1);
  }

  @SafeVarargs
  @SuppressWarnings("varargs") // the list is only read
  private EndpointPool<String> pool(Policy policy, Endpoint<String>... endpoints) {
    EndpointPool<String> pool = new EndpointPool<>(List.of(endpoints), policy, recorder, time, time::nanoTime);
    pool.onFree(() -> freed++);
    return pool;
  }

  private static Permit<String> begin(EndpointPool<String> pool, Demand demand) {
    Permit<String> permit = Objects.requireNonNull(pool.take(demand), "no permit");
    permit.begin(1, demand.minUnits());
    return permit;
  }

  private static Permit<String> begin(EndpointPool<String> pool) {
    return begin(pool, Demand.any());
  }

  private static Demand ofClass(String workClass) {
    return new Demand(0, 0, workClass, Map.of());
  }

  private static Demand units(long units) {
    return new Demand(units, units, null, Map.of());
  }

  private static EndpointStats stats(EndpointPool<String> pool, String name) {
    return pool.stats().stream().filter(stats -> stats.name().equals(name)).findFirst().orElseThrow();
  }

  /** Remembers what it is limits. */
  private static final class Recorder implements EndpointListener {
    final List<String> states = new ArrayList<>();
    int ended;

    @Override
    public void requestEnded(String endpoint, @Nullable Failure failure, Duration took, int items, long units) {
      ended++;
      if (failure == Failure.REFUSED) {
        throw new AssertionError("a fault of the listener");
      }
    }

    @Override
    public void stateChanged(String endpoint, EndpointState state, String reason) {
      states.add(endpoint + " " + state + (reason.isEmpty() ? "" : " " + reason));
    }
  }

  // Permits

  @Test
  void take_allPermitsTaken_returnsNullUntilOneIsGivenBack() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", ONE), endpoint("b", ONE));

    Permit<String> first = begin(pool);
    Permit<String> second = begin(pool);

    assertThat(List.of(first.endpoint().target(), second.endpoint().target())).containsExactlyInAnyOrder("at a",
        "at b");
    assertThat(pool.take(Demand.any())).isNull();
    assertThat(freed).isZero();
    second.succeeded();
    assertThat(freed).isEqualTo(1);
    assertThat(begin(pool).endpoint()).isEqualTo(second.endpoint());
  }

  @Test
  void permit_endedTwice_countsOnce() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", ONE));
    Permit<String> permit = begin(pool);

    permit.succeeded();
    permit.failed(Failure.UNAVAILABLE, "late", null);
    permit.abandon();

    assertThat(stats(pool, "a").inFlight()).isZero();
    assertThat(stats(pool, "a").failed()).isZero();
    begin(pool);
    assertThat(pool.take(Demand.any())).isNull();
  }

  @Test
  void listener_throws_requestIsNotAffected() {
    Thread.UncaughtExceptionHandler before = Thread.currentThread().getUncaughtExceptionHandler();
    List<Throwable> thrown = new ArrayList<>();
    Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> thrown.add(failure));
    try {
      EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", ONE));

      begin(pool).failed(Failure.REFUSED, "status 400", null);

      assertThat(thrown).hasSize(1);
      assertThat(freed).isEqualTo(1);
      assertThat(pool.take(Demand.any())).isNotNull();
    } finally {
      Thread.currentThread().setUncaughtExceptionHandler(before);
    }
  }

  // Policies

  @Test
  void leastLoaded_choosesSmallestShareInFlight_thenFastest() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("slow", EndpointLimits.none().concurrency(4)),
        endpoint("fast", EndpointLimits.none().concurrency(4)),
        endpoint("large", EndpointLimits.none().concurrency(8)));
    assertThat(begin(pool).endpoint().name()).isEqualTo("large");
    assertThat(begin(pool).endpoint().name()).as("one of 8 and one of 4 would be more than 2 of 8")
        .isNotEqualTo("large");
    List<Permit<String>> permits = new ArrayList<>();
    for (Permit<String> permit = pool.take(Demand.any()); permit != null; permit = pool.take(Demand.any())) {
      permit.begin(1, 0);
      permits.add(permit);
    }
    time.pass(Duration.ofMillis(10));
    permits.stream().filter(permit -> !permit.endpoint().name().equals("slow")).forEach(Permit::succeeded);
    time.pass(Duration.ofMillis(90));
    permits.stream().filter(permit -> permit.endpoint().name().equals("slow")).forEach(Permit::succeeded);

    EndpointPool<String> alike = pool(Policy.LEAST_LOADED, endpoint("slow", ONE), endpoint("fast", ONE));
    Permit<String> slow = begin(alike);
    Permit<String> fast = begin(alike);
    time.pass(Duration.ofMillis(10));
    fast.succeeded();
    time.pass(Duration.ofMillis(90));
    slow.succeeded();
    assertThat(begin(alike).endpoint().name()).isEqualTo("fast");
  }

  @Test
  void weighted_sharesByWeight() {
    EndpointPool<String> pool = pool(Policy.WEIGHTED, new Endpoint<>("a", "a", ONE, 5),
        new Endpoint<>("b", "b", ONE, 1),
        new Endpoint<>("c", "c", ONE, 2));
    Map<String, Integer> counts = new HashMap<>();

    for (int i = 0; i < 800; i++) {
      Permit<String> permit = begin(pool);
      counts.merge(permit.endpoint().name(), 1, Integer::sum);
      permit.succeeded();
    }

    assertThat(counts).containsOnly(Map.entry("a", 500), Map.entry("b", 100), Map.entry("c", 200));
  }

  @Test
  void affinity_keepsClassesAtHome_unlessItIsFullOrLost() {
    EndpointPool<String> pool = pool(Policy.AFFINITY, endpoint("a", ONE), endpoint("b", ONE), endpoint("c", ONE));
    Map<String, String> homes = homes(pool);
    assertThat(homes.values()).contains("a", "b", "c");
    assertThat(homes(pool)).isEqualTo(homes);

    Permit<String> atHome = begin(pool, ofClass("class 1"));
    Permit<String> spilt = begin(pool, ofClass("class 1"));
    assertThat(spilt.endpoint()).isNotEqualTo(atHome.endpoint());
    spilt.succeeded();
    String lost = atHome.endpoint().name();
    atHome.failed(Failure.DENIED, "status 401", null);

    assertThat(homes(pool)).allSatisfy((workClass, home) -> {
      if (lost.equals(homes.get(workClass))) {
        assertThat(home).isNotEqualTo(lost);
      } else {
        assertThat(home).isEqualTo(homes.get(workClass));
      }
    });
  }

  private static Map<String, String> homes(EndpointPool<String> pool) {
    Map<String, String> homes = new HashMap<>();
    for (int i = 0; i < 50; i++) {
      Permit<String> permit = begin(pool, ofClass("class " + i));
      homes.put("class " + i, permit.endpoint().name());
      permit.succeeded();
    }
    return homes;
  }

  @ParameterizedTest
  @ValueSource(strings = {"LEAST_LOADED", "WEIGHTED", "AFFINITY"})
  void take_anyPolicy_leavesNoEndpointIdle(Policy policy) {
    EndpointPool<String> pool = pool(policy, endpoint("a", ONE), endpoint("b", EndpointLimits.none().concurrency(3)),
        endpoint("c", EndpointLimits.none().concurrency(2)));

    for (int i = 0; i < 6; i++) {
      assertThat(pool.take(ofClass("same"))).as("permit %s", i).isNotNull();
    }
    assertThat(pool.take(ofClass("same"))).isNull();
  }

  @Test
  void take_notBefore_returnsPermitFromThatTime() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", ONE));
    Demand demand = new Demand(0, 0, null, Map.of("a", pool.now() + Duration.ofMillis(300).toNanos()));

    assertThat(pool.take(demand)).isNull();
    time.pass(Duration.ofMillis(299));
    assertThat(freed).isZero();
    time.pass(Duration.ofMillis(1));
    assertThat(freed).isEqualTo(1);
    begin(pool, demand);
    assertThat(stats(pool, "a").retries()).isEqualTo(1);
  }

  // Rates

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 20, 59, 113, 600, 3_000})
  void requestsPerMinute_anyMinute_areKeptAndNearlyUsedUp(int perMinute) {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", EndpointLimits.none().maxConcurrency(100_000)
        .concurrency(100_000).requestsPerMinute(perMinute)));
    Deque<Long> lastMinute = new ArrayDeque<>();
    int begun = 0;
    int minutes = 10;

    for (long end = Duration.ofMinutes(minutes).toNanos(); time.nanoTime() < end; time.pass(Duration.ofMillis(7))) {
      for (Permit<String> permit = pool.take(Demand.any()); permit != null; permit = pool.take(Demand.any())) {
        permit.begin(1, 0);
        lastMinute.add(time.nanoTime());
        begun++;
      }
      while (!lastMinute.isEmpty() && time.nanoTime() - lastMinute.peek() >= Duration.ofMinutes(1).toNanos()) {
        lastMinute.remove();
      }
      assertThat(lastMinute.size()).isLessThanOrEqualTo(perMinute);
    }

    assertThat(begun).isGreaterThanOrEqualTo((int) (0.95 * perMinute * minutes));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void unitsPerMinute_anyMinute_areKeptAndNearlyUsedUp(long seed) {
    Random random = new Random(seed);
    int perMinute = new int[]{1_000, 10_000, 120_000, 1_000_000}[random.nextInt(4)];
    int requestsPerMinute = random.nextBoolean() ? 0 : 3 + random.nextInt(300);
    int perRequest = requestsPerMinute > 0 || random.nextBoolean() ? 0 : 1 + random.nextInt(perMinute / 2);
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", EndpointLimits.none().concurrency(1_000)
        .unitsPerMinute(perMinute).unitsPerRequest(perRequest).requestsPerMinute(requestsPerMinute)));
    Deque<long[]> lastMinute = new ArrayDeque<>();
    long inMinute = 0;
    long begun = 0;
    int minutes = 10;

    for (long end = Duration.ofMinutes(minutes).toNanos(); time.nanoTime() < end; time.pass(Duration.ofMillis(50))) {
      long text = 1L + random.nextInt(perMinute / 10);
      for (Permit<String> permit = pool
          .take(new Demand(text, 10L * perMinute, null, Map.of())); permit != null; permit = pool
              .take(new Demand(text, 10L * perMinute, null, Map.of()))) {
        // As many texts of this size as fit, of which the service counts some more or fewer tokens.
        long units = Math.max(text, Math.min(permit.room(), perMinute) / text * text);
        permit.begin(1, units);
        long counted = Math.max(1, units - random.nextInt((int) text));
        permit.succeeded(counted, null);
        lastMinute.add(new long[]{time.nanoTime(), counted});
        inMinute += counted;
        begun += counted;
        text = 1L + random.nextInt(perMinute / 10);
      }
      while (!lastMinute.isEmpty() && time.nanoTime() - lastMinute.element()[0] >= Duration.ofMinutes(1).toNanos()) {
        inMinute -= lastMinute.remove()[1];
      }
      assertThat(inMinute).as("seed %s", seed).isLessThanOrEqualTo(perMinute);
    }

    assertThat(begun)
        .as("seed %s: %s a minute, %s a request, %s requests", seed, perMinute, perRequest, requestsPerMinute)
        .isGreaterThanOrEqualTo((long) (0.75 * perMinute * minutes));
  }

  @Test
  void unitsPerMinute_fewRequestsPerMinute_requestMayHoldItsShare() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED,
        endpoint("a", EndpointLimits.none().concurrency(10).unitsPerMinute(100_000).requestsPerMinute(4)));

    assertThat(Objects.requireNonNull(pool.take(units(1))).room()).isBetween(24_999L, 100_000L);
  }

  @Test
  void unitsPerMinute_countedHigherThanEstimated_delayLaterRequests() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED,
        endpoint("a", EndpointLimits.none().concurrency(10).unitsPerMinute(6_000).unitsPerRequest(100)));
    begin(pool, units(100)).succeeded(5_950, null);
    time.pass(Duration.ofSeconds(2));

    assertThat(pool.take(units(100))).isNull();
    assertThat(pool.take(units(50))).isNotNull();
  }

  @Test
  void unitsPerMinute_counted_replaceTheEstimate() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED,
        endpoint("a", EndpointLimits.none().concurrency(10).unitsPerMinute(6_000).unitsPerRequest(100)));

    Permit<String> first = Objects.requireNonNull(pool.take(units(60)));
    assertThat(first.room()).isEqualTo(100);
    first.begin(1, 60);
    assertThat(pool.take(units(60))).as("60 of 100 are spent in this second").isNull();
    assertThat(Objects.requireNonNull(pool.take(units(40))).room()).isEqualTo(40);
    first.succeeded(10, null);
    assertThat(pool.take(units(50))).as("the endpoint has counted 10 instead").isNotNull();
    time.pass(Duration.ofMillis(1_100));
    assertThat(Objects.requireNonNull(pool.take(units(100))).room()).isEqualTo(100);
    time.pass(Duration.ofMillis(1_100));
    assertThat(begin(pool, units(500))).as("a single item that does not fit goes alone").isNotNull();
    assertThat(pool.take(units(1))).isNull();
  }

  @Test
  void take_beforeBegin_countsForTheRate_untilAbandoned() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED,
        endpoint("a", EndpointLimits.none().concurrency(10).requestsPerMinute(1).unitsPerMinute(100)));

    Permit<String> taken = Objects.requireNonNull(pool.take(units(100)));
    assertThat(pool.take(units(1))).isNull();
    taken.abandon();
    assertThat(pool.take(units(100))).isNotNull();
  }

  @Test
  void unitsPerMinute_scarce_areNotSpentInCrumbs() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED,
        endpoint("a", EndpointLimits.none().concurrency(10).unitsPerMinute(6_000).unitsPerRequest(100)));
    begin(pool, units(90));

    assertThat(pool.take(new Demand(1, 1_000, null, Map.of()))).as("10 are left, and 1,000 are waiting").isNull();
    assertThat(pool.take(new Demand(1, 5, null, Map.of()))).as("10 are left, and 5 are waiting").isNotNull();
  }

  // Faults

  @Test
  void busy_retryAfter_pausesEndpointForThatTime() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", EndpointLimits.none().concurrency(3)));

    begin(pool).failed(Failure.BUSY, "status 429", Duration.ofSeconds(7));

    assertThat(pool.take(Demand.any())).isNull();
    assertThat(stats(pool, "a").state()).isEqualTo(EndpointState.PAUSED);
    assertThat(pool.problems()).isEqualTo("a: status 429");
    freed = 0;
    time.pass(Duration.ofMillis(6_999));
    assertThat(freed).isZero();
    time.pass(Duration.ofMillis(1));
    assertThat(freed).isEqualTo(1);
    assertThat(pool.take(Demand.any())).isNotNull();
    assertThat(pool.problems()).isEmpty();
    assertThat(recorder.states).containsExactly("a PAUSED status 429", "a SERVING");
  }

  @Test
  void busy_manyInFlightTogether_countAsOne() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", EndpointLimits.none().concurrency(30)));
    List<Permit<String>> together = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      together.add(begin(pool));
    }
    time.pass(Duration.ofMillis(5));

    together.forEach(permit -> permit.failed(Failure.BUSY, "status 429", null));

    assertThat(pool.take(Demand.any())).as("the first refusal without a time does not pause").isNotNull();
  }

  @Test
  void breaker_openedWithRetryAfter_waitsForThatTime() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", EndpointLimits.none().concurrency(6)));
    List<Permit<String>> together = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      together.add(begin(pool));
    }

    together.subList(0, 5).forEach(permit -> permit.failed(Failure.UNAVAILABLE, "status 503", Duration.ofSeconds(20)));
    together.get(5).failed(Failure.TIMED_OUT, "no answer", null);

    assertThat(stats(pool, "a").state()).isEqualTo(EndpointState.OPEN);
    time.pass(Duration.ofMillis(19_999));
    assertThat(pool.take(Demand.any())).isNull();
    time.pass(Duration.ofMillis(1));
    Permit<String> probe = begin(pool);
    assertThat(probe.isProbe()).isTrue();
    probe.failed(Failure.UNAVAILABLE, "status 503", Duration.ofSeconds(10));
    time.pass(Duration.ofMillis(9_999));
    assertThat(pool.take(Demand.any())).isNull();
  }

  @Test
  void denied_probeTimesOut_nextProbeIsMinutesLater() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", ONE));
    begin(pool).failed(Failure.DENIED, "status 401", null);
    time.pass(Duration.ofMinutes(5));

    begin(pool).failed(Failure.TIMED_OUT, "no answer", null);

    assertThat(stats(pool, "a").state()).isEqualTo(EndpointState.OUT);
    time.pass(Duration.ofMinutes(4));
    assertThat(pool.take(Demand.any())).isNull();
  }

  @Test
  void busy_repeatedlyWithoutRetryAfter_pausesGrow() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", ONE));
    begin(pool).failed(Failure.BUSY, "status 429", null);

    for (long pause : new long[]{100, 200, 400}) {
      begin(pool).failed(Failure.BUSY, "status 429", null);
      time.pass(Duration.ofMillis(pause - 1));
      assertThat(pool.take(Demand.any())).isNull();
      time.pass(Duration.ofMillis(1));
    }
    begin(pool).succeeded();
    begin(pool).failed(Failure.BUSY, "status 429", null);
    assertThat(pool.take(Demand.any())).isNotNull();
  }

  @Test
  void allowance_exhausted_pausesUntilReset() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", ONE));

    begin(pool).succeeded(5, new Allowance(3, Duration.ofSeconds(20), 0, Duration.ofSeconds(2)));

    assertThat(pool.take(Demand.any())).isNull();
    time.pass(Duration.ofSeconds(2));
    assertThat(pool.take(Demand.any())).isNotNull();
  }

  @Test
  void breaker_halfOfRecentResultsFailed_opensAndClosesAfterProbeSucceeds() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", EndpointLimits.none().concurrency(4)));
    for (int i = 0; i < 4; i++) {
      begin(pool).succeeded();
      begin(pool).failed(Failure.UNAVAILABLE, "status 500", null);
    }
    assertThat(stats(pool, "a").state()).isEqualTo(EndpointState.SERVING);

    begin(pool).failed(Failure.TIMED_OUT, "no answer", null);

    assertThat(stats(pool, "a").state()).isEqualTo(EndpointState.OPEN);
    assertThat(pool.take(Demand.any())).isNull();
    time.pass(Duration.ofMillis(500));
    Permit<String> probe = begin(pool);
    assertThat(probe.isProbe()).isTrue();
    time.pass(Duration.ofSeconds(5));
    assertThat(pool.take(Demand.any())).as("a probe is in flight").isNull();
    probe.failed(Failure.UNAVAILABLE, "status 500", null);
    assertThat(pool.take(Demand.any())).isNull();
    time.pass(Duration.ofMillis(500));
    begin(pool).succeeded();
    assertThat(begin(pool).isProbe()).isFalse();
    assertThat(begin(pool).isProbe()).isFalse();
    assertThat(recorder.states).containsExactly("a OPEN no answer", "a SERVING");
  }

  @Test
  void breaker_open_isProbedOnlyIfNoOtherEndpointIsFree_orProbeIsOverdue() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("bad", EndpointLimits.none().concurrency(5)),
        endpoint("good", ONE));
    open(pool, "bad");
    time.pass(Duration.ofSeconds(1));

    Permit<String> good = begin(pool);
    assertThat(good.endpoint().name()).isEqualTo("good");
    Permit<String> probe = begin(pool);
    assertThat(probe.isProbe()).isTrue();
    probe.failed(Failure.UNAVAILABLE, "status 500", null);
    good.succeeded();
    time.pass(Duration.ofMillis(5_499));
    good = begin(pool);
    assertThat(good.endpoint().name()).isEqualTo("good");
    good.succeeded();
    time.pass(Duration.ofMillis(1));
    assertThat(begin(pool).isProbe()).isTrue();
  }

  private static void open(EndpointPool<String> pool, String name) {
    List<Permit<String>> others = new ArrayList<>();
    while (stats(pool, name).state() == EndpointState.SERVING) {
      Permit<String> permit = begin(pool);
      if (permit.endpoint().name().equals(name)) {
        permit.failed(Failure.UNAVAILABLE, "status 500", null);
      } else {
        others.add(permit);
      }
    }
    others.forEach(Permit::succeeded);
  }

  @Test
  void breaker_probeAbandoned_isFollowedByAnother() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", ONE));
    open(pool, "a");
    time.pass(Duration.ofMillis(500));

    begin(pool).abandon();

    assertThat(begin(pool).isProbe()).isTrue();
  }

  @Test
  void breaker_probeBusy_staysOpen_andProbeRefused_closes() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", ONE));
    open(pool, "a");
    time.pass(Duration.ofMillis(500));

    begin(pool).failed(Failure.BUSY, "status 429", Duration.ofSeconds(2));
    assertThat(stats(pool, "a").state()).isEqualTo(EndpointState.OPEN);
    time.pass(Duration.ofMillis(1_999));
    assertThat(pool.take(Demand.any())).isNull();
    time.pass(Duration.ofMillis(1));
    Thread thread = Thread.currentThread();
    Thread.UncaughtExceptionHandler before = thread.getUncaughtExceptionHandler();
    thread.setUncaughtExceptionHandler((where, failure) -> {});
    begin(pool).failed(Failure.REFUSED, "status 400", null);
    thread.setUncaughtExceptionHandler(before);

    assertThat(stats(pool, "a").state()).isEqualTo(EndpointState.SERVING);
  }

  @Test
  void denied_isReportedOnce_andProbedAfterMinutes() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", EndpointLimits.none().concurrency(2)),
        endpoint("b", ONE));
    Permit<String> one = begin(pool);
    Permit<String> other = begin(pool);
    Permit<String> third = begin(pool);
    for (Permit<String> permit : List.of(one, other, third)) {
      if (permit.endpoint().name().equals("a")) {
        permit.failed(Failure.DENIED, "status 401", null);
      } else {
        permit.succeeded();
      }
    }

    assertThat(recorder.states).containsExactly("a OUT status 401");
    assertThat(pool.whyUnusable()).isNull();
    begin(pool).failed(Failure.DENIED, "status 403", null);
    assertThat(pool.whyUnusable()).isEqualTo("a: status 401; b: status 403");
    assertThat(pool.take(Demand.any())).isNull();
    time.pass(Duration.ofMinutes(5));
    assertThat(pool.whyUnusable()).isNull();
    Permit<String> probe = begin(pool);
    assertThat(probe.isProbe()).isTrue();
    probe.succeeded();
    assertThat(recorder.states).hasSize(3).endsWith(probe.endpoint().name() + " SERVING");
  }

  // Statistics and arguments

  @Test
  void stats_afterRequests_describeRecentOnes() {
    EndpointPool<String> pool = pool(Policy.LEAST_LOADED, endpoint("a", EndpointLimits.none().concurrency(2)));
    for (int i = 1; i <= 100; i++) {
      Permit<String> permit = Objects.requireNonNull(pool.take(Demand.any()));
      permit.begin(3, 30);
      time.pass(Duration.ofMillis(i));
      permit.succeeded();
    }
    begin(pool).failed(Failure.BUSY, "status 429", null);
    begin(pool).failed(Failure.REFUSED, "status 400", null);
    begin(pool);

    EndpointStats stats = stats(pool, "a");
    assertThat(stats.requests()).isEqualTo(103);
    assertThat(stats.retries()).isZero();
    assertThat(stats.succeeded()).isEqualTo(100);
    assertThat(stats.busy()).isEqualTo(1);
    assertThat(stats.failed()).isEqualTo(1);
    assertThat(stats.items()).isEqualTo(300);
    assertThat(stats.inFlight()).isEqualTo(1);
    assertThat(stats.limit()).isEqualTo(2);
    assertThat(stats.p50().toMillis()).isBetween(49L, 51L);
    assertThat(stats.p99().toMillis()).isBetween(98L, 100L);
    assertThat(stats.itemsPerSecond()).isBetween(59.0, 60.0);
    assertThat(recorder.ended).isEqualTo(102);
    time.pass(Duration.ofMinutes(2));
    assertThat(stats(pool, "a").p99()).isZero();
    assertThat(stats(pool, "a").itemsPerSecond()).isZero();
    assertThat(pool.toString()).contains("name=a", "SERVING");
  }

  @Test
  void arguments_invalid_areRefused() {
    assertThatThrownBy(() -> pool(Policy.WEIGHTED)).hasMessageContaining("at least one endpoint");
    assertThatThrownBy(() -> pool(Policy.WEIGHTED, endpoint("a", ONE), endpoint("a", ONE)))
        .hasMessageContaining("two endpoints are named a");
    assertThatThrownBy(() -> endpoint(" ", ONE)).hasMessageContaining("needs a name");
    assertThatThrownBy(() -> new Endpoint<>("a", "a", ONE, 0)).hasMessageContaining("weight of endpoint a is 0");
    assertThatThrownBy(() -> ONE.concurrency(-1)).hasMessageContaining("concurrency -1");
    assertThatThrownBy(() -> ONE.timeout(Duration.ZERO)).hasMessageContaining("time-out is PT0S");
    assertThatThrownBy(() -> ONE.maxConcurrency(0)).hasMessageContaining("maxConcurrency is 0");
  }
}
