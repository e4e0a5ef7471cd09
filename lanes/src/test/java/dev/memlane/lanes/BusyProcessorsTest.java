package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tasks that compute on all processors, where no other virtual thread gets its turn, end when they are told to. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BusyProcessorsTest {

  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  private final CountDownLatch computing = new CountDownLatch(PROCESSORS);
  /** For a test that fails: others need the processors. */
  private volatile boolean stop;

  @AfterEach
  void stop() {
    stop = true;
  }

  private LaneExecutor executor(Duration timeout) {
    return LaneExecutor.builder().lane(Lane.of("a").concurrency(PROCESSORS).timeout(timeout)).build();
  }

  private List<Job<String>> computeEverywhere(LaneExecutor executor) {
    List<Job<String>> jobs = new ArrayList<>();
    for (int i = 0; i < PROCESSORS; i++) {
      jobs.add(executor.submit("a", Task.of(() -> {
        computing.countDown();
        while (!Thread.currentThread().isInterrupted() && !stop) {
          Thread.onSpinWait();
        }
        return "ended by itself";
      })));
    }
    return jobs;
  }

  @Test
  void tasksThatTakeTooLong_areInterrupted() {
    try (LaneExecutor executor = executor(Duration.ofMillis(500))) {
      for (Job<String> job : computeEverywhere(executor)) {
        assertThatThrownBy(() -> job.future().get(20, TimeUnit.SECONDS))
            .hasCauseInstanceOf(LaneException.TimedOut.class);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2_000})
  void shutdown_interruptsThem_andTellsTheirCallers(int waiting) throws Exception {
    try (LaneExecutor executor = executor(Duration.ofMinutes(1))) {
      List<Job<String>> jobs = new ArrayList<>(computeEverywhere(executor));
      assertThat(computing.await(20, TimeUnit.SECONDS)).isTrue();
      // So many who are told would take all threads.
      jobs.addAll(executor.submitAll("a", Collections.nCopies(waiting, Task.of(() -> "not run"))).jobs());

      assertThat(executor.shutdown(Duration.ZERO)).isFalse();

      for (Job<String> job : jobs) {
        assertThatThrownBy(() -> job.future().get(20, TimeUnit.SECONDS))
            .hasCauseInstanceOf(LaneException.ShutDown.class);
      }
    }
  }
}
