package dev.memlane.endpoints;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests with a service that refuses requests above its limit, and a caller that always has more. */
class ConcurrencyLimitTest {

  private static final Duration LATENCY = Duration.ofMillis(50);

  private final ManualScheduler time = new ManualScheduler();
  private int allowed;
  private int atService;
  private int sent;
  private int refused;
  private @Nullable Duration retryAfter;
  private final List<Integer> limits = new ArrayList<>();

  private final EndpointPool<String> pool = new EndpointPool<>(
      List.of(new Endpoint<>("a", "a", EndpointLimits.none(), 1)), Policy.LEAST_LOADED, new LimitRecorder(), time,
      time::nanoTime);

  private final class LimitRecorder implements EndpointListener {
    @Override
    public void limitChanged(String endpoint, int limit) {
      limits.add(limit);
    }
  }

  private void sendAll() {
    for (Permit<String> permit = pool.take(Demand.any()); permit != null; permit = pool.take(Demand.any())) {
      Permit<String> taken = permit;
      taken.begin(1, 0);
      sent++;
      if (atService >= allowed) {
        refused++;
        taken.failed(Failure.BUSY, "status 429", retryAfter);
        continue;
      }
      atService++;
      var unused = time.schedule(() -> {
        atService--;
        taken.succeeded();
      }, LATENCY.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private int limit() {
    return pool.stats().getFirst().limit();
  }

  private void run(Duration duration) {
    long end = time.nanoTime() + duration.toNanos();
    while (time.nanoTime() < end) {
      sendAll();
      time.pass(Duration.ofMillis(1));
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "3, 0", "10, 0", "10, 100", "10, 1000", "50, 20"})
  void limit_serviceWithItsOwn_isFoundWithFewRefusals(int service, long retryAfterMillis) {
    allowed = service;
    retryAfter = retryAfterMillis == 0 ? null : Duration.ofMillis(retryAfterMillis);
    run(Duration.ofSeconds(10));
    assertThat(limit()).isBetween(service, service + 1);

    sent = 0;
    refused = 0;
    run(Duration.ofSeconds(60));

    assertThat(limit()).isBetween(service, service + 1);
    assertThat((double) refused / sent).isLessThan(0.02);
    double ideal = 60.0 / 0.05 * service;
    assertThat(sent / ideal).as("share of the capacity of the service").isGreaterThan(0.9);
  }

  @Test
  void limit_serviceHalvesAndDoubles_follows() {
    IntUnaryOperator phase = number -> number % 2 == 0 ? 20 : 10;
    allowed = 20;
    run(Duration.ofSeconds(10));
    sent = 0;
    refused = 0;

    for (int i = 1; i <= 6; i++) {
      allowed = phase.applyAsInt(i);
      run(Duration.ofSeconds(10));
      assertThat(limit()).as("phase %s", i).isBetween(allowed, allowed + 1);
    }

    assertThat((double) refused / sent).isLessThan(0.02);
  }

  @Test
  void limit_serviceNeverRefuses_stopsAtMaximum() {
    allowed = Integer.MAX_VALUE;
    run(Duration.ofSeconds(10));
    assertThat(limit()).isEqualTo(64);
    assertThat(limits).containsExactly(4, 8, 16, 32, 64);
  }

  @Test
  void limit_notUsedUp_isNotRaised() {
    allowed = 100;
    for (int i = 0; i < 1_000; i++) {
      Permit<String> permit = pool.take(Demand.any());
      assertThat(permit).isNotNull();
      if (permit != null) {
        permit.begin(1, 0);
        permit.succeeded();
      }
    }
    assertThat(limit()).isEqualTo(2);
  }

  @Test
  void limit_configured_neverChanges() {
    EndpointPool<String> fixed = new EndpointPool<>(
        List.of(new Endpoint<>("a", "a", EndpointLimits.none().concurrency(7), 1)), Policy.LEAST_LOADED,
        EndpointListener.NONE, time, time::nanoTime);
    for (int i = 0; i < 100; i++) {
      Permit<String> permit = fixed.take(Demand.any());
      assertThat(permit).isNotNull();
      if (permit != null) {
        permit.begin(1, 0);
        if (i % 2 == 0) {
          permit.succeeded();
        } else {
          permit.failed(Failure.TIMED_OUT, "late", null);
        }
      }
      time.pass(Duration.ofSeconds(1));
    }
    assertThat(fixed.stats().getFirst().limit()).isEqualTo(7);
  }
}
