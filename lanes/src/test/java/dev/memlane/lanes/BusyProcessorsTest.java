package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Time-outs and shutdown of tasks that compute on all processors, where no other virtual thread runs. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BusyProcessorsTest {

  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  private final CountDownLatch computing = new CountDownLatch(PROCESSORS);
  private final CountDownLatch ended = new CountDownLatch(PROCESSORS);
  /** Ends the tasks of a test that fails, because other tests need the processors. */
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
        ended.countDown();
        return "ended by itself";
      })));
    }
    return jobs;
  }

  @Test
  void timeout_allProcessorsBusy_interruptsTasks() {
    try (LaneExecutor executor = executor(Duration.ofMillis(500))) {
      for (Job<String> job : computeEverywhere(executor)) {
        assertThatThrownBy(() -> job.future().get(20, TimeUnit.SECONDS))
            .hasCauseInstanceOf(LaneException.TimedOut.class);
      }
    }
  }

  @Test
  void shutdown_allProcessorsBusy_interruptsTasksAndNotifiesCallers() throws Exception {
    try (LaneExecutor executor = executor(Duration.ofMinutes(1))) {
      List<Job<String>> jobs = computeEverywhere(executor);
      Waits.until(computing);

      assertThat(executor.shutdown(Duration.ZERO)).isFalse();

      assertShutDown(jobs);
    }
  }

  @Test
  void shutdown_manyCallersWaitForBusyTasks_interruptsTasksFirst() throws Exception {
    try (LaneExecutor executor = executor(Duration.ofMinutes(1))) {
      List<Job<String>> jobs = computeEverywhere(executor);
      Waits.until(computing);
      List<Job<String>> waiting = executor.submitAll("a", Collections.nCopies(100, Task.of(() -> "not run"))).jobs();
      List<CompletableFuture<Boolean>> notified = new ArrayList<>();
      for (Job<String> job : waiting) {
        notified.add(job.future().handle((result, failure) -> isEnded()));
      }

      assertThat(executor.shutdown(Duration.ZERO)).isFalse();

      assertShutDown(jobs);
      assertShutDown(waiting);
      for (CompletableFuture<Boolean> one : notified) {
        assertThat(Waits.get(one)).isTrue();
      }
    }
  }

  /** Whether all tasks that compute end in time. */
  private boolean isEnded() {
    try {
      return ended.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static void assertShutDown(List<Job<String>> jobs) {
    for (Job<String> job : jobs) {
      assertThatThrownBy(() -> job.future().get(20, TimeUnit.SECONDS)).hasCauseInstanceOf(LaneException.ShutDown.class);
    }
  }
}
