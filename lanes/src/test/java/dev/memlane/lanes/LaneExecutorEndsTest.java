package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LaneExecutorEndsTest {

  @RegisterExtension
  private final TestExecutors executors = new TestExecutors();
  private final ManualScheduler time = executors.time;
  private final CountDownLatch gate = new CountDownLatch(1);

  @AfterEach
  void close() {
    gate.countDown();
  }

  private LaneExecutor executor() {
    return executor(LaneExecutor.builder());
  }

  private LaneExecutor executor(LaneExecutorBuilder builder) {
    return executors.open(builder.lane(Lane.of("a")));
  }

  private static Task<String> gated(String result, CountDownLatch gate) {
    return Task.of(() -> {
      gate.await();
      return result;
    });
  }

  private static Task<String> failing() {
    return Task.of(() -> {
      throw new IllegalStateException("no");
    });
  }

  // After a task

  @Test
  void deadLetters_moreThanTheLimit_areTheNewest() throws Exception {
    LaneExecutor executor = executor(LaneExecutor.builder().mostDeadLetters(2));
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Job<String> job = executor.submit("a", failing());
      Waits.failure(job.future());
      ids.add(job.id());
    }

    assertThat(executor.deadLetters()).extracting(DeadLetter::id).containsExactly(ids.get(2), ids.get(3));
    assertThat(executor.replay(ids.get(1))).isEmpty();
  }

  @Test
  void replay_anyOrder_replaysTheRequestedOne() throws Exception {
    LaneExecutor executor = executor();
    List<Job<String>> jobs = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      jobs.add(executor.submit("a", failing().named("task " + i)));
      Waits.failure(jobs.getLast().future());
    }

    for (int i : new int[]{3, 1, 5, 0, 4, 6, 2}) {
      Job<?> replayed = executor.replay(jobs.get(i).id()).orElseThrow();
      assertThat(replayed.task()).isSameAs(jobs.get(i).task());
      Waits.failure(replayed.future());
    }
    assertThat(executor.deadLetters()).extracting(letter -> letter.task().name()).containsExactly("task 3", "task 1",
        "task 5", "task 0", "task 4", "task 6", "task 2");
  }

  @Test
  void deadline_doneTask_isCancelled() throws Exception {
    LaneExecutor executor = executor();
    Waits.get(executor.submit("a", Task.of(() -> "without")).future());
    int alarms = time.pending();
    Job<String> job = executor.submit("a", gated("with", gate).within(Duration.ofHours(1)));
    assertThat(time.pending()).isEqualTo(alarms + 1);

    gate.countDown();
    Waits.get(job.future());

    assertThat(time.pending()).isEqualTo(alarms);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void callback_taskLeftItsThreadInterrupted_isNotInterrupted(boolean fails) throws Exception {
    LaneExecutor executor = executor();
    Job<String> job = executor.submit("a", Task.of(() -> {
      gate.await();
      Thread.currentThread().interrupt();
      if (fails) {
        throw new IllegalStateException("no");
      }
      return "done";
    }));
    CompletableFuture<Boolean> interrupted = job.future()
        .handle((result, failure) -> Thread.currentThread().isInterrupted());

    gate.countDown();

    assertThat(Waits.get(interrupted)).isFalse();
    assertThat(job.future().isCompletedExceptionally()).isEqualTo(fails);
  }

  // Batches

  @Test
  void anyOf_othersStillRunning_isTheFirstSuccess() throws Exception {
    LaneExecutor executor = executor();
    CountDownLatch second = new CountDownLatch(1);
    Batch<String> batch = executor.submitAll("a",
        List.of(gated("first", gate), gated("second", second), failing(), gated("fourth", gate)));
    CompletableFuture<String> any = batch.anyOf();
    Waits.failure(batch.jobs().get(2).future());
    assertThat(any).isNotDone();

    second.countDown();

    assertThat(Waits.get(any)).isEqualTo("second");
    assertThat(batch.jobs().getFirst().future()).isNotDone();
    assertThat(batch.jobs().getLast().future()).isNotDone();
  }

  // Executors

  @Test
  void close_runningTask_letsItFinish() throws Exception {
    LaneExecutor executor = executor();
    Job<String> job = executor.submit("a", gated("done", gate));
    Thread closing = Thread.ofPlatform().start(executor::close);
    while (closing.isAlive() && closing.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }

    gate.countDown();

    assertThat(Waits.get(job.future())).isEqualTo("done");
    closing.join();
  }

  @Test
  void id_twoExecutors_differs() throws Exception {
    Job<Integer> one = executor().submit("a", Task.of(() -> 1));
    Job<Integer> other = executor().submit("a", Task.of(() -> 1));

    assertThat(one.id()).isNotEqualTo(other.id());
  }
}
