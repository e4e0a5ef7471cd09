package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LaneSettingsTest {

  @RegisterExtension
  private final TestExecutors executors = new TestExecutors();
  private final ManualScheduler time = executors.time;

  private LaneExecutor executor(LaneExecutorBuilder builder) {
    return executors.open(builder);
  }

  private static LaneStats stats(LaneExecutor executor, String lane) {
    return executor.stats().stream().filter(stats -> stats.lane().equals(lane)).findFirst().orElseThrow();
  }

  // Defaults

  @Test
  void defaults_values_areAsDocumented() {
    Duration minute = Duration.ofMinutes(1);
    Duration pause = Duration.ofMillis(100);

    assertThat(Lane.of("a")).isEqualTo(new Lane("a", 0, 4, 0, 10_000, minute, 3, pause, 0));
    assertThat(Lane.defaults()).containsExactly(new Lane("control", 30, 4, 2, 10_000, minute, 3, pause, 0),
        new Lane("query", 20, 12, 2, 10_000, minute, 3, pause, 0),
        new Lane("execute", 10, 4, 1, 10_000, minute, 3, pause, 0),
        new Lane("generate", 0, 2, 0, 10_000, Duration.ofMinutes(10), 3, pause, 60));
  }

  @Test
  void generate_default_startsSixtyAMinute() throws Exception {
    LaneExecutor executor = executor(LaneExecutor.builder());

    List<Job<Integer>> jobs = executor.submitAll("generate", Collections.nCopies(61, Task.of(() -> 1))).jobs();

    for (Job<Integer> job : jobs.subList(0, 60)) {
      Waits.get(job.future());
    }
    int alarms = time.pending();
    time.pass(Duration.ofSeconds(59));
    assertThat(stats(executor, "generate").queued()).isEqualTo(1);
    assertThat(time.pending()).as("alarms, including the one for the limit of starts").isEqualTo(alarms);
    time.pass(Duration.ofSeconds(1));
    assertThat(Waits.get(jobs.getLast().future())).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"control", "query", "execute"})
  void otherLanes_default_haveNoStartLimit(String lane) throws Exception {
    LaneExecutor executor = executor(LaneExecutor.builder());

    Batch<Integer> batch = executor.submitAll(lane, Collections.nCopies(200, Task.of(() -> 1)));

    assertThat(Waits.get(batch.allOf())).hasSize(200);
  }

  // Statistics

  @Test
  void stats_percentiles_coverWaitsAndRuns() throws Exception {
    LaneExecutor executor = executor(
        LaneExecutor.builder().concurrency(1).lane(Lane.of("a")).lane(Lane.of("other")));
    time.pass(Duration.ofSeconds(10));
    List<CountDownLatch> begun = List.of(new CountDownLatch(1), new CountDownLatch(1), new CountDownLatch(1));
    List<CountDownLatch> gates = List.of(new CountDownLatch(1), new CountDownLatch(1), new CountDownLatch(1));
    List<Job<?>> jobs = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      CountDownLatch begins = begun.get(i);
      CountDownLatch gate = gates.get(i);
      jobs.add(executor.submit(i == 0 ? "other" : "a", Task.of(() -> {
        begins.countDown();
        gate.await();
        return "done";
      })));
    }
    // The first task in lane a waits for 3 seconds and runs for 1. The second one waits for 4 seconds and runs for 2.
    for (int i = 0; i < 3; i++) {
      Waits.until(begun.get(i));
      time.pass(Duration.ofSeconds(i == 0 ? 3 : i));
      gates.get(i).countDown();
      Waits.get(jobs.get(i).future());
    }

    LaneStats stats = stats(executor, "a");
    assertIsAbout(stats.waitP50(), 3);
    assertIsAbout(stats.waitP99(), 4);
    assertIsAbout(stats.runP50(), 1);
    assertIsAbout(stats.runP99(), 2);
  }

  /** A percentile is at most an eighth too high. */
  private static void assertIsAbout(Duration percentile, int seconds) {
    Duration exactly = Duration.ofSeconds(seconds);
    assertThat(percentile).isBetween(exactly, exactly.plus(exactly.dividedBy(8)));
  }
}
