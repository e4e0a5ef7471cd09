package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RetriesTest {

  @RegisterExtension
  private final TestExecutors executors = new TestExecutors();
  private final ManualScheduler time = executors.time;
  private final BlockingQueue<LaneEvent> events = new LinkedBlockingQueue<>();
  /** The names of tasks, in the order in which they began. */
  private final BlockingQueue<String> begun = new LinkedBlockingQueue<>();

  private LaneExecutor executor(Lane... lanes) {
    LaneExecutor executor = executors.open(1, lanes);
    executor.subscribe(event -> true, events::add);
    return executor;
  }

  private Task<String> failing() {
    return Task.<String>of(() -> {
      begun.add("failing");
      throw new IllegalStateException("no");
    }).idempotent(true);
  }

  private Task<String> gated(String name, CountDownLatch gate) {
    return Task.of(() -> {
      begun.add(name);
      gate.await();
      return name;
    });
  }

  private String nextBegun() throws InterruptedException {
    return Objects.requireNonNull(begun.poll(30, TimeUnit.SECONDS), "no task begins");
  }

  @Test
  void retry_pauses_doubleUpToAMinuteLessUpToHalf() throws Exception {
    int retries = 80;
    LaneExecutor executor = executor(Lane.of("a").attempts(retries + 1).firstPause(Duration.ofSeconds(1)));
    Job<String> job = executor.submit("a", failing());
    List<Duration> minutes = new ArrayList<>();

    for (int attempt = 1; attempt <= retries; attempt++) {
      LaneEvent.Retried retried = Waits.next(events, LaneEvent.Retried.class);
      assertThat(retried.attempt()).isEqualTo(attempt);
      boolean isAMinute = attempt > 6;
      Duration longest = isAMinute ? Duration.ofMinutes(1) : Duration.ofSeconds(1L << (attempt - 1));
      assertThat(retried.pause()).isBetween(longest.dividedBy(2), longest);
      if (isAMinute) {
        minutes.add(retried.pause());
      }
      time.pass(retried.pause());
    }

    assertThat(Waits.failure(job.future())).hasMessage("no");
    assertThat(begun).hasSize(retries + 1);
    // They are so many that it is practically impossible that all miss a third of the range.
    assertThat(minutes).anyMatch(pause -> pause.toSeconds() < 40).anyMatch(pause -> pause.toSeconds() >= 50);
  }

  @Test
  void retry_firstPauseAboveAMinute_doesNotDouble() throws Exception {
    Duration first = Duration.ofMinutes(5);
    LaneExecutor executor = executor(Lane.of("a").firstPause(first));
    Job<String> job = executor.submit("a", failing());

    for (int i = 0; i < 2; i++) {
      Duration pause = Waits.next(events, LaneEvent.Retried.class).pause();
      assertThat(pause).isBetween(first.dividedBy(2), first);
      time.pass(pause);
    }

    assertThat(Waits.failure(job.future())).hasMessage("no");
  }

  @Test
  void retry_earlierWaits_countTowardsPriority() throws Exception {
    LaneExecutor executor = executor(Lane.of("low").firstPause(Duration.ofMillis(500)), Lane.of("high").priority(10));
    CountDownLatch gate = new CountDownLatch(1);
    executor.submit("high", gated("first", gate));
    assertThat(nextBegun()).isEqualTo("first");
    executor.submit("low", failing());
    for (int i = 0; i < 2; i++) {
      time.pass(Duration.ofSeconds(6));
      gate.countDown();
      assertThat(nextBegun()).isEqualTo("failing");
      Waits.next(events, LaneEvent.Retried.class);
      gate = new CountDownLatch(1);
      executor.submit("high", gated("next", gate));
      assertThat(nextBegun()).isEqualTo("next");
      time.pass(Duration.ofSeconds(1));
      while (executor.stats().getFirst().queued() == 0) {
        // Wait until its pause is over.
        Thread.onSpinWait();
      }
    }
    executor.submit("high", gated("new", gate));

    gate.countDown();

    assertThat(nextBegun()).isEqualTo("failing");
    assertThat(nextBegun()).isEqualTo("new");
  }
}
