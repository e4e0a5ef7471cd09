package dev.memlane.lanes;

import static dev.memlane.lanes.Waits.failure;
import static dev.memlane.lanes.Waits.get;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What subscribers of a lane's events receive. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LaneSubscriptionTest extends LaneExecutorTestCase {

  @Test
  void subscribe_anotherListenerHangs_receivesEventsInOrder() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").concurrency(1).queueBound(10));
    List<LaneEvent> events = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch idle = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    try (Subscription hanging = executor.subscribe(event -> true, event -> {
      try {
        never.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    });
        Subscription listening = executor.subscribe(event -> !(event instanceof LaneEvent.Submitted), event -> {
          events.add(event);
          if (event instanceof LaneEvent.Idle) {
            idle.countDown();
          }
        })) {
      executor.submit("a", gated("first"));
      assertThat(nextBegun()).isEqualTo("first");
      List<Task<String>> more = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        more.add(Task.of(() -> "more"));
      }
      Batch<String> batch = executor.submitAll("a", more);
      open("first");
      get(batch.allOf());

      assertThat(idle.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(events.stream().map(event -> event.getClass().getSimpleName()).toList())
          .startsWith("Started", "Pressure", "Completed", "Started").containsOnlyOnce("Idle").endsWith("Idle");
      assertThat(events.stream().filter(event -> event instanceof LaneEvent.Pressure).toList())
          .containsExactly(new LaneEvent.Pressure("a", true, 8), new LaneEvent.Pressure("a", false, 5));
      assertThat(hanging.dropped()).isZero();
      assertThat(listening.dropped()).isZero();
    }
  }

  @Test
  void pressure_queueFilledAtOnce_isPublished() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").queueBound(10));
    executor.submit("a", gated("first"));
    BlockingQueue<LaneEvent> pressure = new LinkedBlockingQueue<>();
    try (Subscription listening = executor.subscribe(event -> event instanceof LaneEvent.Pressure, pressure::add)) {
      List<Task<String>> more = new ArrayList<>(Collections.nCopies(11, Task.of(() -> "more")));
      assertThat(executor.submitAll("a", more).jobs().getLast().future()).isCompletedExceptionally();

      assertThat(pressure.poll(30, TimeUnit.SECONDS)).isEqualTo(new LaneEvent.Pressure("a", true, 10));
      assertThat(listening.dropped()).isZero();
    }
  }

  @Test
  void pressure_retryingTasks_isPublished() throws Exception {
    LaneExecutor executor = executor(5, Lane.of("a").concurrency(5).queueBound(5).firstPause(Duration.ofMinutes(5)));
    BlockingQueue<LaneEvent> events = new LinkedBlockingQueue<>();
    try (Subscription subscription = executor.subscribe(Set.of(LaneEvent.Pressure.class, LaneEvent.Retried.class),
        events::add)) {
      for (int i = 0; i < 3; i++) {
        executor.submit("a", failing());
        assertThat(events.poll(30, TimeUnit.SECONDS)).isInstanceOf(LaneEvent.Retried.class);
      }
      executor.submit("a", failing());

      assertThat(events.poll(30, TimeUnit.SECONDS)).isEqualTo(new LaneEvent.Pressure("a", true, 4));
      assertThat(subscription.dropped()).isZero();
    }
  }

  @Test
  void subscribe_rareKind_missesNoneAmongManyOthers() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").concurrency(1));
    CountDownLatch listens = new CountDownLatch(1);
    BlockingQueue<LaneEvent> events = new LinkedBlockingQueue<>();
    try (Subscription subscription = executor.subscribe(Set.of(LaneEvent.Failed.class), event -> {
      events.add(event);
      awaitIgnoringInterrupts(listens);
    })) {
      for (int i = 0; i < 3; i++) {
        var unused = failure(executor.submit("a", Task.of(() -> {
          throw new IllegalStateException("no");
        })).future());
        get(executor.submitAll("a", Collections.nCopies(5_000, Task.of(() -> 1))).allOf());
      }
      listens.countDown();

      for (int i = 0; i < 3; i++) {
        assertThat(events.poll(30, TimeUnit.SECONDS)).isInstanceOf(LaneEvent.Failed.class);
      }
      assertThat(subscription.dropped()).isZero();
    }
  }

  @Test
  void subscribe_permitsPassedOn_receivesEachEventAtOnce() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    executor.submitAll("a", List.of(gated("first"), gated("second"), gated("third")));
    BlockingQueue<LaneEvent> events = new LinkedBlockingQueue<>();
    try (Subscription listening = executor.subscribe(event -> true, events::add)) {
      open("first");

      assertThat(events.poll(30, TimeUnit.SECONDS)).isInstanceOf(LaneEvent.Completed.class);
      assertThat(events.poll(30, TimeUnit.SECONDS)).isInstanceOf(LaneEvent.Started.class);
      assertThat(listening.dropped()).isZero();
    }
  }
}
