package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RelayTest {

  private final LaneExecutor executor = LaneExecutor.builder().build();
  private final JobEnder ender = executor.submit("query", Task.of(() -> 0)).ender;
  private final ThreadFactory threads = Thread.ofVirtual().factory();
  private final LaneState lane = new LaneState(Lane.of("a"), 0);
  private final Relay relay = new Relay(() -> 5);
  private final Job<Integer> running = job(0);

  RelayTest() {
    running.beginAttempt();
  }

  @AfterEach
  void close() {
    executor.close();
  }

  private Job<Integer> job(int number) {
    return new Job<>("prefix-", number, Task.of(() -> number), lane, Long.MAX_VALUE, null, ender);
  }

  private List<Job<Integer>> waiting(int count) {
    List<Job<Integer>> jobs = new ArrayList<>();
    for (int number = 1; number <= count; number++) {
      Job<Integer> job = job(number);
      lane.queue(job, 0);
      jobs.add(job);
    }
    return jobs;
  }

  @Test
  void passOn_openLine_passesPermitsInOrder() {
    List<Job<Integer>> waiting = waiting(2);
    relay.open(lane, waiting.getFirst());
    JobRun first = new JobRun(threads);
    JobRun second = new JobRun(threads);

    assertThat(relay.passOn(running, 1, first)).isTrue();
    assertThat(relay.passOn(waiting.getFirst(), 1, second)).isTrue();
    assertThat(relay.passOn(waiting.getLast(), 1, new JobRun(threads))).as("at the end of the line").isFalse();

    assertThat(first.job()).isSameAs(waiting.getFirst());
    assertThat(second.job()).isSameAs(waiting.getLast());
    assertThat(relay.close()).containsExactly(new Relay.Pass(running, first, 5),
        new Relay.Pass(waiting.getFirst(), second, 5));
    assertThat(relay.close()).isEmpty();
  }

  @Test
  void passOn_closedOrOtherLaneOrAttemptOver_isRefused() {
    List<Job<Integer>> waiting = waiting(1);
    JobRun next = new JobRun(threads);

    assertThat(relay.passOn(running, 1, next)).isFalse();
    relay.open(new LaneState(Lane.of("b"), 0), waiting.getFirst());
    assertThat(relay.passOn(running, 1, next)).isFalse();
    relay.open(lane, waiting.getFirst());
    running.become(Job.State.RETRYING);
    assertThat(relay.passOn(running, 1, next)).isFalse();
    running.beginAttempt();
    assertThat(relay.passOn(running, 1, next)).isFalse();
    assertThat(relay.passOn(running, 2, next)).isTrue();
  }

  @Test
  void renew_endOfLine_continuesWithLaterJobs() {
    int inLine = Relay.LONGEST_LINE;
    List<Job<Integer>> waiting = waiting(inLine + 2);
    relay.open(lane, waiting.getFirst());
    List<JobRun> runs = new ArrayList<>();
    for (int i = 0; i < inLine; i++) {
      assertThat(relay.renew(lane)).as("after %s", i).isNull();
      runs.add(new JobRun(threads));
      assertThat(relay.passOn(i == 0 ? running : waiting.get(i - 1), 1, runs.getLast())).isTrue();
    }

    assertThat(relay.renew(new LaneState(Lane.of("b"), 0))).isNull();
    List<Relay.Pass> passed = relay.renew(lane);

    assertThat(passed).isNotNull().extracting(Relay.Pass::begun).containsExactlyElementsOf(runs);
    JobRun next = new JobRun(threads);
    assertThat(relay.passOn(waiting.get(inLine - 1), 1, next)).isTrue();
    assertThat(next.job()).isSameAs(waiting.get(inLine));
    assertThat(relay.close()).containsExactly(new Relay.Pass(waiting.get(inLine - 1), next, 5));
  }

  @Test
  void renew_noLaterJobs_isRefused() {
    List<Job<Integer>> waiting = waiting(1);
    relay.open(lane, waiting.getFirst());
    assertThat(relay.passOn(running, 1, new JobRun(threads))).isTrue();

    assertThat(relay.renew(lane)).isNull();
    assertThat(relay.close()).hasSize(1);
  }
}
