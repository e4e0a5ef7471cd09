package dev.memlane.lanes;

import static dev.memlane.lanes.Waits.get;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which task gets the next permit. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LanePermitsTest extends LaneExecutorTestCase {

  @Test
  void submit_freePermit_runsAtOnce() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));

    Job<String> job = executor.submit("a", Task.of(() -> "done"));

    assertThat(get(job.future())).isEqualTo("done");
    assertThat(stats(executor, "a").completed()).isEqualTo(1);
  }

  @Test
  void submit_aboveTheConcurrency_waitsInOrder() throws Exception {
    LaneExecutor executor = executor(10, Lane.of("a").concurrency(2));
    Batch<String> batch = executor.submitAll("a", List.of(gated("1"), gated("2"), gated("3"), gated("4")));

    assertThat(nextTwoBegun()).containsExactlyInAnyOrder("1", "2");
    assertThat(stats(executor, "a").running()).isEqualTo(2);
    assertThat(stats(executor, "a").queued()).isEqualTo(2);
    open("2");
    assertThat(nextBegun()).isEqualTo("3");
    open("1");
    assertThat(nextBegun()).isEqualTo("4");
    open("3");
    open("4");
    assertThat(get(batch.allOf())).containsExactly("1", "2", "3", "4");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void submit_sharedPermits_higherPriorityGoesFirst(boolean lowIsFirst) throws Exception {
    Lane low = Lane.of("low");
    Lane high = Lane.of("high").priority(10);
    LaneExecutor executor = lowIsFirst ? executor(1, low, high) : executor(1, high, low);
    executor.submit("low", gated("first"));
    assertThat(nextBegun()).isEqualTo("first");
    executor.submit("low", gated("low"));
    executor.submit("high", gated("high"));

    open("first");

    assertThat(nextBegun()).isEqualTo("high");
    open("high");
    assertThat(nextBegun()).isEqualTo("low");
  }

  @Test
  void submit_lowTaskWaitedLong_goesBeforeAHighOne() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("low"), Lane.of("high").priority(10));
    executor.submit("low", gated("first"));
    assertThat(nextBegun()).isEqualTo("first");
    executor.submit("low", gated("low"));
    time.pass(Duration.ofSeconds(11));
    executor.submit("high", gated("high"));

    open("first");

    assertThat(nextBegun()).isEqualTo("low");
  }

  @Test
  void submit_nearDeadline_goesBeforeOlderAndHigherTasks() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("low"), Lane.of("high").priority(50));
    executor.submit("low", gated("first"));
    assertThat(nextBegun()).isEqualTo("first");
    executor.submit("low", gated("old"));
    executor.submit("high", gated("high"));
    executor.submit("low", gated("urgent").within(Duration.ofSeconds(12)));
    time.pass(Duration.ofSeconds(10));

    open("first");

    assertThat(nextBegun()).isEqualTo("urgent");
    open("urgent");
    assertThat(nextBegun()).isEqualTo("high");
  }

  @Test
  void reserved_otherLanesBusy_permitsStayReserved() throws Exception {
    LaneExecutor executor = executor(3, Lane.of("many").priority(10).concurrency(3), Lane.of("kept").reserved(1));
    executor.submitAll("many", List.of(gated("1"), gated("2"), gated("3")));
    assertThat(nextTwoBegun()).containsExactlyInAnyOrder("1", "2");
    assertThat(stats(executor, "many").queued()).isEqualTo(1);

    executor.submit("kept", gated("kept"));

    assertThat(nextBegun()).isEqualTo("kept");
    open("kept");
    get(executor.submit("kept", Task.of(() -> "again")).future());
    assertThat(stats(executor, "many").queued()).as("the permit stays reserved").isEqualTo(1);
  }

  @Test
  void startsPerMinute_idleBefore_isUsedUpByStartsOnly() throws Exception {
    LaneExecutor executor = executor(10, Lane.of("a").concurrency(10).startsPerMinute(3));
    time.pass(Duration.ofMinutes(10));
    List<Task<String>> tasks = List.of(gated("1"), gated("2"), gated("3"), gated("4"), gated("5"));
    gates.values().forEach(CountDownLatch::countDown);
    executor.submitAll("a", tasks);
    for (int i = 0; i < 3; i++) {
      nextBegun();
    }

    time.pass(Duration.ofSeconds(59));
    assertThat(stats(executor, "a").queued()).isEqualTo(2);
    time.pass(Duration.ofSeconds(1));

    assertThat(nextTwoBegun()).containsExactlyInAnyOrder("4", "5");
  }
}
