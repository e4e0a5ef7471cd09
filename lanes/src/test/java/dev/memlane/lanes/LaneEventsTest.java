package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LaneEventsTest {

  @RegisterExtension
  private final TestExecutors executors = new TestExecutors();
  private final ManualScheduler time = executors.time;
  private final BlockingQueue<LaneEvent> events = new LinkedBlockingQueue<>();
  private final CountDownLatch gate = new CountDownLatch(1);

  @AfterEach
  void close() {
    gate.countDown();
  }

  /** An executor with one permit, whose events are all collected here. */
  private LaneExecutor executor(Lane lane) {
    LaneExecutor executor = executors.open(1, lane);
    executor.subscribe(event -> true, events::add);
    return executor;
  }

  /** Runs a task that holds the permit until the gate is opened. It has begun when this returns. */
  private Job<String> running(LaneExecutor executor) throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    Job<String> job = executor.submit("a", Task.of(() -> {
      begun.countDown();
      gate.await();
      return "done";
    }).named("running"));
    Waits.until(begun);
    return job;
  }

  private static Callable<String> failing(RuntimeException failure) {
    return () -> {
      throw failure;
    };
  }

  /** Takes the next events, up to the first of this kind. */
  private List<LaneEvent> until(Class<? extends LaneEvent> kind) throws InterruptedException {
    List<LaneEvent> received = new ArrayList<>();
    do {
      received.add(Objects.requireNonNull(events.poll(30, TimeUnit.SECONDS), "no " + kind.getSimpleName()));
    } while (!kind.isInstance(received.getLast()));
    return received;
  }

  private static LaneEvent submitted(Job<?> job) {
    return new LaneEvent.Submitted("a", job.id(), job.task().name(), null);
  }

  private static LaneEvent startedAtOnce(Job<?> job) {
    return new LaneEvent.Started("a", job.id(), job.task().name(), 1, Duration.ZERO, null);
  }

  // Events of each end

  @Test
  void cancel_queuedTask_publishesCancelledAndNoStarted() throws Exception {
    LaneExecutor executor = executor(Lane.of("a"));
    Job<String> running = running(executor);
    Job<String> queued = executor.submit("a", Task.of(() -> "never").named("queued"));

    queued.cancel();
    gate.countDown();

    assertThat(until(LaneEvent.Idle.class)).containsExactly(submitted(running), startedAtOnce(running),
        submitted(queued), new LaneEvent.Cancelled("a", queued.id(), "queued"),
        new LaneEvent.Completed("a", running.id(), "running", Duration.ZERO), new LaneEvent.Idle(null));
  }

  @Test
  void cancel_runningTask_publishesCancelledAndNoCompleted() throws Exception {
    LaneExecutor executor = executor(Lane.of("a"));
    Job<String> running = running(executor);

    running.cancel();

    assertThat(until(LaneEvent.Idle.class)).containsExactly(submitted(running), startedAtOnce(running),
        new LaneEvent.Cancelled("a", running.id(), "running"), new LaneEvent.Idle(null));
  }

  @Test
  void failure_notRetried_publishesFailedThenDeadLettered() throws Exception {
    LaneExecutor executor = executor(Lane.of("a"));
    RuntimeException failure = new IllegalStateException("no");

    Job<String> bad = executor.submit("a", Task.of(failing(failure)).named("bad"));

    assertThat(until(LaneEvent.Idle.class)).containsExactly(submitted(bad), startedAtOnce(bad),
        new LaneEvent.Failed("a", bad.id(), "bad", failure), new LaneEvent.DeadLettered("a", bad.id(), "bad"),
        new LaneEvent.Idle(null));
  }

  @Test
  void timeout_runningTask_publishesTimedOutThenDeadLettered() throws Exception {
    LaneExecutor executor = executor(Lane.of("a").timeout(Duration.ofSeconds(5)));
    Job<String> running = running(executor);

    time.pass(Duration.ofSeconds(5));

    assertThat(until(LaneEvent.Idle.class)).containsExactly(submitted(running), startedAtOnce(running),
        new LaneEvent.TimedOut("a", running.id(), "running", Waits.failure(running.future())),
        new LaneEvent.DeadLettered("a", running.id(), "running"), new LaneEvent.Idle(null));
  }

  @Test
  void deadline_waitingTask_publishesTimedOutThenDeadLettered() throws Exception {
    LaneExecutor executor = executor(Lane.of("a"));
    Job<String> running = running(executor);
    Job<String> late = executor.submit("a", Task.of(() -> "never").named("late").within(Duration.ofSeconds(3)));

    time.pass(Duration.ofSeconds(3));
    Throwable failure = Waits.failure(late.future());
    gate.countDown();

    assertThat(until(LaneEvent.Idle.class)).containsExactly(submitted(running), startedAtOnce(running),
        submitted(late), new LaneEvent.TimedOut("a", late.id(), "late", failure),
        new LaneEvent.DeadLettered("a", late.id(), "late"),
        new LaneEvent.Completed("a", running.id(), "running", Duration.ofSeconds(3)), new LaneEvent.Idle(null));
  }

  @Test
  void shutdown_unfinishedTask_publishesShutDownThenFailedAndNoDeadLetter() throws Exception {
    LaneExecutor executor = executor(Lane.of("a"));
    Job<String> running = running(executor);

    assertThat(executor.shutdown(Duration.ZERO)).isFalse();

    assertThat(until(LaneEvent.Idle.class)).containsExactly(submitted(running), startedAtOnce(running),
        new LaneEvent.ShutDown(null),
        new LaneEvent.Failed("a", running.id(), "running", Waits.failure(running.future())),
        new LaneEvent.Idle(null));
  }

  // All kinds

  @Test
  void subscribe_allEvents_receivesEveryKind() throws Exception {
    LaneExecutor executor = executor(Lane.of("a").queueBound(1).attempts(2).firstPause(Duration.ofSeconds(1)));
    Job<String> running = running(executor);
    // It is offered, and fills the queue by itself.
    executor.submit("a", Task.external(String.class, "payload")).cancel();
    gate.countDown();
    Waits.get(running.future());
    Job<String> bad = executor.submit("a", Task.of(failing(new IllegalStateException("no"))).idempotent(true));
    List<LaneEvent> received = until(LaneEvent.Retried.class);
    time.pass(Duration.ofSeconds(1));
    Waits.failure(bad.future());
    Job<String> late = executor.submit("a",
        Task.external(String.class, "payload").within(Duration.ofSeconds(3)));
    time.pass(Duration.ofSeconds(3));
    Waits.failure(late.future());
    Waits.get(executor.drain());
    executor.shutdown(Duration.ZERO);
    received.addAll(until(LaneEvent.ShutDown.class));

    assertThat(received).extracting(event -> (Object) event.getClass())
        .contains((Object[]) LaneEvent.class.getPermittedSubclasses());
  }

  // Slow listeners

  @Test
  void dropped_hangingListener_countsOnlyMissedEvents() throws Exception {
    int offered = 30_000;
    CountDownLatch hangs = new CountDownLatch(1);
    Subscription subscription = new Subscription(Set.of(LaneEvent.class), event -> true, event -> {
      events.add(event);
      hangs.countDown();
      awaitGate();
    }, ended -> {});
    subscription.start();
    subscription.offer(new LaneEvent.Pressure("a", true, 0));
    Waits.until(hangs);
    assertThat(subscription.dropped()).isZero();
    for (int i = 1; i < offered; i++) {
      subscription.offer(new LaneEvent.Pressure("a", true, i));
    }
    long dropped = subscription.dropped();
    assertThat(dropped).isPositive();
    gate.countDown();

    for (int i = 0; i < offered - dropped; i++) {
      assertThat(events.poll(30, TimeUnit.SECONDS)).isEqualTo(new LaneEvent.Pressure("a", true, i));
    }
    subscription.offer(new LaneEvent.Idle(null));
    assertThat(events.poll(30, TimeUnit.SECONDS)).isEqualTo(new LaneEvent.Idle(null));
    assertThat(subscription.dropped()).isEqualTo(dropped);
    subscription.close();
  }

  private void awaitGate() {
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
