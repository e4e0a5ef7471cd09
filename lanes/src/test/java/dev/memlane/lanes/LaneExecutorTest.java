package dev.memlane.lanes;

import static dev.memlane.lanes.Waits.failure;
import static dev.memlane.lanes.Waits.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Shutting an executor down, its settings and its statistics. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LaneExecutorTest extends LaneExecutorTestCase {

  @Test
  void shutdown_noGrace_failsUnfinishedAndNewTasks() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    Job<String> running = executor.submit("a", gated("running"));
    assertThat(nextBegun()).isEqualTo("running");
    Job<String> queued = executor.submit("a", gated("queued"));

    assertThat(executor.shutdown(Duration.ZERO)).isFalse();

    get(executor.drain());
    assertThat(begun).isEmpty();
    assertThat(failure(running.future())).isInstanceOf(LaneException.ShutDown.class);
    assertThat(failure(queued.future())).isInstanceOf(LaneException.ShutDown.class)
        .hasMessageContaining("queued");
    assertThat(failure(executor.submit("a", Task.of(() -> "late")).future()))
        .isInstanceOf(LaneException.ShutDown.class);
    assertThat(executor.deadLetters()).isEmpty();
    assertThat(executor.shutdown(Duration.ZERO)).isTrue();
  }

  @Test
  void shutdown_callerWaitsForAnother_bothAreNotified() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    Batch<String> batch = executor.submitAll("a", List.of(gated("1"), gated("2"), gated("3")));
    assertThat(nextBegun()).isEqualTo("1");
    CompletableFuture<Throwable> last = new CompletableFuture<>();
    var unused = batch.jobs().getFirst().future().whenComplete((result, failure) -> {
      try {
        last.complete(failure(batch.jobs().getLast().future()));
      } catch (Exception e) {
        last.completeExceptionally(e);
      }
    });

    assertThat(executor.shutdown(Duration.ZERO)).isFalse();

    assertThat(get(last)).isInstanceOf(LaneException.ShutDown.class);
    get(executor.drain());
  }

  @Test
  void shutdown_grace_letsEverythingFinish() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    Batch<String> batch = executor.submitAll("a", List.of(gated("1"), gated("2")));
    gates.values().forEach(CountDownLatch::countDown);

    assertThat(executor.shutdown(Duration.ofSeconds(30))).isTrue();

    assertThat(batch.allOf()).isCompletedWithValue(List.of("1", "2"));
  }

  @Test
  void drain_callbackStillRuns_waitsForIt() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    Job<String> job = executor.submit("a", gated("a"));
    assertThat(nextBegun()).isEqualTo("a");
    CountDownLatch inCallback = new CountDownLatch(1);
    CountDownLatch callbackEnds = new CountDownLatch(1);
    var unused = job.future().thenRun(() -> {
      inCallback.countDown();
      awaitIgnoringInterrupts(callbackEnds);
    });
    open("a");
    assertThat(inCallback.await(30, TimeUnit.SECONDS)).isTrue();

    CompletableFuture<?> drain = executor.drain();

    assertThat(drain).isNotDone();
    callbackEnds.countDown();
    get(drain);
  }

  @Test
  void concurrency_default_isEnoughForEachLane() throws Exception {
    try (LaneExecutor executor = LaneExecutor.builder().lane(Lane.of("many").concurrency(40))
        .lane(Lane.of("few").concurrency(3).reserved(2)).build();
        LaneExecutor endless = LaneExecutor.builder().lane(Lane.of("all").concurrency(Integer.MAX_VALUE))
            .lane(Lane.of("few").reserved(2)).build()) {
      endless.submitAll("all", IntStream.range(0, 17).mapToObj(i -> gated("e" + i)).toList());
      for (int i = 0; i < 17; i++) {
        var unused = nextBegun();
      }
      executor.submitAll("many", IntStream.range(0, 41).mapToObj(i -> gated("m" + i)).toList());
      for (int i = 0; i < 40; i++) {
        var unused = nextBegun();
      }
      assertThat(stats(executor, "many").running()).isEqualTo(40);
      executor.submitAll("few", List.of(gated("f1"), gated("f2")));

      assertThat(nextTwoBegun()).containsExactlyInAnyOrder("f1", "f2");
      gates.values().forEach(CountDownLatch::countDown);
    }
  }

  @Test
  void defaultLanes_ownLanes_areAddedOrReplaceDefaults() {
    try (LaneExecutor executor = LaneExecutor.builder().lane(Lane.of("query").concurrency(30))
        .lane(Lane.of("reports")).defaultLanes().build()) {
      assertThat(executor.stats()).extracting(LaneStats::lane).containsExactly("query", "reports", "control", "execute",
          "generate");
    }
    try (LaneExecutor executor = LaneExecutor.builder().lane(Lane.of("reports")).build()) {
      assertThatThrownBy(() -> executor.submit("query", Task.of(() -> 1))).isInstanceOf(IllegalArgumentException.class)
          .hasMessage("there is no lane query; there are reports"
              + " (call defaultLanes() to have the default lanes next to your own)");
      assertThatThrownBy(() -> executor.submit("repotrs", Task.of(() -> 1)))
          .hasMessage("there is no lane repotrs; there are reports");
    }
  }

  @Test
  void builder_lanes_areConfiguredOnesOrDefaults() {
    assertThat(executor(16).stats()).extracting(LaneStats::lane).containsExactly("control", "query", "execute",
        "generate");
    assertThat(Lane.defaults()).extracting(Lane::concurrency).containsExactly(4, 12, 4, 2);
    assertThatThrownBy(() -> executor(1, Lane.of("a"), Lane.of("a"))).hasMessageContaining("two lanes are called a");
    assertThatThrownBy(() -> executor(1, Lane.of("a").reserved(2))).hasMessageContaining("reserve 2 permits");
    assertThatThrownBy(() -> executor(5)).hasMessageContaining("lane generate could never run anything");
    assertThatThrownBy(() -> Lane.of("a").reserved(3).concurrency(2)).hasMessageContaining("reserved is 3");
    assertThatThrownBy(() -> Lane.of("a").concurrency(0)).hasMessageContaining("lane a: concurrency is 0");
    assertThatThrownBy(() -> Lane.of("a").reserved(5)).hasMessageContaining("from 0 to its concurrency, 4");
    assertThatThrownBy(() -> executor(1, Lane.of("a")).submit("b", Task.of(() -> 1)))
        .hasMessageContaining("there is no lane b; there are a");
    assertThatThrownBy(() -> Task.of(() -> 1).within(Duration.ZERO)).hasMessageContaining("within is PT0S");
  }

  @Test
  void stats_rates_coverTheLastMinute() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    time.pass(Duration.ofSeconds(10));
    for (int i = 0; i < 30; i++) {
      get(executor.submit("a", Task.of(() -> 1)).future());
    }
    assertThat(stats(executor, "a").submittedPerSecond()).isEqualTo(3);
    assertThat(stats(executor, "a").completedPerSecond()).isEqualTo(3);
    time.pass(Duration.ofSeconds(59));
    get(executor.submit("a", Task.of(() -> 1)).future());
    assertThat(stats(executor, "a").submittedPerSecond()).isEqualTo(31 / 60.0);
    time.pass(Duration.ofSeconds(2));
    assertThat(stats(executor, "a").completedPerSecond()).isEqualTo(1 / 60.0);
    time.pass(Duration.ofDays(1));
    assertThat(stats(executor, "a").completedPerSecond()).isZero();
  }

  @Test
  void percentile_anyDurations_isAtMostAnEighthTooHigh() {
    RecentDurations durations = new RecentDurations(0);
    assertThat(durations.percentile(50, 0)).isZero();
    for (int i = 1; i <= 1_000; i++) {
      durations.add(i * 1_000L, 0);
    }
    assertThat(durations.percentile(50, 0).toNanos()).isBetween(500_000L, 562_500L);
    assertThat(durations.percentile(99, 0).toNanos()).isBetween(990_000L, 1_113_750L);
    durations.add(Long.MAX_VALUE, 0);
    assertThat(durations.percentile(100, 0).toNanos()).isEqualTo(Long.MAX_VALUE);
    RecentDurations small = new RecentDurations(0);
    small.add(3, 0);
    assertThat(small.percentile(50, 0).toNanos()).isEqualTo(3);
  }

  @Test
  void percentile_olderThanFiveMinutes_isForgotten() {
    long minute = Duration.ofMinutes(1).toNanos();
    RecentDurations durations = new RecentDurations(-7 * minute);
    for (int i = 0; i < 1_000; i++) {
      durations.add(1_000_000, -7 * minute);
    }
    durations.add(7, -3 * minute);

    assertThat(durations.percentile(50, -3 * minute).toNanos()).isGreaterThanOrEqualTo(1_000_000);
    assertThat(durations.percentile(99, -2 * minute).toNanos()).isEqualTo(7);
    assertThat(durations.percentile(99, 100 * minute)).isZero();
    durations.add(5, 100 * minute);
    assertThat(durations.percentile(99, 100 * minute).toNanos()).isEqualTo(5);
  }

  @Test
  void stats_percentiles_coverTheLastMinutes() throws Exception {
    LaneExecutor executor = executors.open(LaneExecutor.builder().lane(Lane.of("a")));
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch ending = new CountDownLatch(1);
    Job<Integer> slow = executor.submit("a", Task.of(() -> {
      begun.countDown();
      ending.await();
      return 1;
    }));
    begun.await();
    time.pass(Duration.ofSeconds(30));
    ending.countDown();
    get(slow.future());
    assertThat(stats(executor, "a").runP99()).isGreaterThanOrEqualTo(Duration.ofSeconds(30));

    time.pass(Duration.ofMinutes(6));
    get(executor.submit("a", Task.of(() -> 1)).future());

    assertThat(stats(executor, "a").runP99()).isLessThan(Duration.ofSeconds(1));
  }
}
