package dev.memlane.lanes;

import static dev.memlane.lanes.Waits.failure;
import static dev.memlane.lanes.Waits.get;
import static dev.memlane.lanes.Waits.next;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LaneExecutorTest {

  @RegisterExtension
  private final TestExecutors executors = new TestExecutors();
  private final ManualScheduler time = executors.time;
  /** The names of tasks, in the order in which they began. */
  private final BlockingQueue<String> begun = new LinkedBlockingQueue<>();
  private final Map<String, CountDownLatch> gates = new ConcurrentHashMap<>();

  @AfterEach
  void close() {
    gates.values().forEach(CountDownLatch::countDown);
  }

  private LaneExecutor executor(int concurrency, Lane... lanes) {
    return executors.open(concurrency, lanes);
  }

  /** A task that records that it has begun, and returns its name when its gate is opened. */
  private Task<String> gated(String name) {
    CountDownLatch gate = new CountDownLatch(1);
    gates.put(name, gate);
    return Task.<String>of(() -> {
      begun.add(name);
      gate.await();
      return name;
    }).named(name);
  }

  private void open(String name) {
    Objects.requireNonNull(gates.get(name)).countDown();
  }

  private String nextBegun() throws InterruptedException {
    return Objects.requireNonNull(begun.poll(30, TimeUnit.SECONDS), "no task begins");
  }

  private List<String> nextTwoBegun() throws InterruptedException {
    String first = nextBegun();
    return List.of(first, nextBegun());
  }

  private static LaneStats stats(LaneExecutor executor, String lane) {
    return executor.stats().stream().filter(stats -> stats.lane().equals(lane)).findFirst().orElseThrow();
  }

  // Permits

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

  // Ends

  @Test
  void task_throwsAnything_returnsItsPermit() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    Error thrown = new StackOverflowError("deep");

    Job<String> bad = executor.submit("a", Task.of(() -> {
      throw thrown;
    }));

    assertThat(failure(bad.future())).isSameAs(thrown);
    assertThat(get(executor.submit("a", Task.of(() -> "next")).future())).isEqualTo("next");
    assertThat(stats(executor, "a").failed()).isEqualTo(1);
  }

  @Test
  void retry_idempotentTask_isPendingDuringPauses() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").attempts(3).firstPause(Duration.ofSeconds(10)));
    BlockingQueue<LaneEvent> events = new LinkedBlockingQueue<>();
    AtomicInteger runs = new AtomicInteger();
    try (Subscription subscription = executor.subscribe(event -> true, events::add)) {
      Job<Integer> job = executor.submit("a", Task.of(() -> {
        if (runs.incrementAndGet() < 3) {
          throw new IllegalStateException("attempt " + runs);
        }
        return runs.get();
      }).idempotent(true));
      CompletableFuture<?> drain = executor.drain();
      next(events, LaneEvent.Retried.class);
      assertThat(drain).isNotDone();
      assertThat(stats(executor, "a").retrying()).isEqualTo(1);
      assertThat(get(executor.submit("a", Task.of(() -> "meanwhile")).future())).isEqualTo("meanwhile");
      assertThat(drain).isNotDone();
      time.pass(Duration.ofSeconds(10));
      next(events, LaneEvent.Retried.class);
      assertThat(job.future()).isNotDone();
      time.pass(Duration.ofSeconds(20));

      assertThat(get(job.future())).isEqualTo(3);
      get(drain);
      assertThat(subscription.dropped()).isZero();
    }
    assertThat(stats(executor, "a").retries()).isEqualTo(2);
    assertThat(executor.deadLetters()).isEmpty();
  }

  @Test
  void timeout_idempotentTask_isRetriedAndTheLateResultIgnored() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").timeout(Duration.ofSeconds(5)).firstPause(Duration.ofSeconds(1)));
    BlockingQueue<LaneEvent> events = new LinkedBlockingQueue<>();
    BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
    CountDownLatch late = new CountDownLatch(1);
    CountDownLatch second = new CountDownLatch(1);
    try (Subscription subscription = executor.subscribe(event -> true, events::add)) {
      Job<String> job = executor.submit("a", Task.of(() -> {
        threads.add(Thread.currentThread());
        if (threads.size() == 1) {
          begun.add("first");
          awaitIgnoringInterrupts(late);
          return "first";
        }
        begun.add("second");
        second.await();
        return "second";
      }).idempotent(true));
      assertThat(nextBegun()).isEqualTo("first");
      time.pass(Duration.ofSeconds(5));
      assertThat(next(events, LaneEvent.Retried.class).failure()).isInstanceOf(LaneException.TimedOut.class);
      time.pass(Duration.ofSeconds(1));
      assertThat(nextBegun()).isEqualTo("second");

      late.countDown();
      Objects.requireNonNull(threads.poll()).join();

      assertThat(job.future()).isNotDone();
      second.countDown();
      assertThat(get(job.future())).isEqualTo("second");
      assertThat(subscription.dropped()).isZero();
    }
  }

  private static void awaitIgnoringInterrupts(CountDownLatch latch) {
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        // The task ignores interrupts.
      }
    }
  }

  @Test
  void deadline_runningAndRetryingTasks_endsThem() throws Exception {
    LaneExecutor executor = executor(2, Lane.of("a").firstPause(Duration.ofSeconds(30)));
    BlockingQueue<LaneEvent> events = new LinkedBlockingQueue<>();
    try (Subscription subscription = executor.subscribe(event -> true, events::add)) {
      Job<String> retrying = executor.submit("a", Task.<String>of(() -> {
        throw new IllegalStateException("no");
      }).idempotent(true).within(Duration.ofSeconds(3)));
      next(events, LaneEvent.Retried.class);
      Job<String> running = executor.submit("a", gated("running").within(Duration.ofSeconds(3)));
      assertThat(nextBegun()).isEqualTo("running");

      time.pass(Duration.ofSeconds(3));

      assertThat(failure(running.future())).isInstanceOf(LaneException.TimedOut.class).hasNoCause();
      assertThat(failure(retrying.future())).isInstanceOf(LaneException.TimedOut.class).cause().hasMessage("no");
      get(executor.drain());
      assertThat(executor.deadLetters()).hasSize(2);
      assertThat(subscription.dropped()).isZero();
    }
  }

  @Test
  void failure_notIdempotent_isRunOnceAndADeadLetter() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    AtomicInteger runs = new AtomicInteger();
    Callable<Integer> failsOnce = () -> {
      if (runs.incrementAndGet() == 1) {
        throw new IllegalStateException("no");
      }
      return runs.get();
    };
    Job<Integer> job = executor.submit("a", Task.of(failsOnce).named("fails once"));

    assertThat(failure(job.future())).hasMessage("no");

    assertThat(runs).hasValue(1);
    assertThat(executor.deadLetters()).singleElement().satisfies(letter -> {
      assertThat(letter.id()).isEqualTo(job.id());
      assertThat(letter.lane()).isEqualTo("a");
      assertThat(letter.task()).isSameAs(job.task());
      assertThat(letter.failures()).singleElement().isSameAs(failure(job.future()));
    });
    assertThat(get(executor.replay(job.id()).orElseThrow().future())).isEqualTo(2);
    assertThat(executor.deadLetters()).isEmpty();
    assertThat(executor.replay(job.id())).isEmpty();
    assertThat(executor.drop(job.id())).isFalse();
  }

  @Test
  void timeout_taskIgnoresInterrupt_returnsThePermit() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").timeout(Duration.ofSeconds(5)));
    CountDownLatch interrupted = new CountDownLatch(1);
    CountDownLatch stubborn = new CountDownLatch(1);
    Job<String> job = executor.submit("a", Task.of(() -> {
      begun.add("stubborn");
      while (stubborn.getCount() > 0) {
        try {
          stubborn.await();
        } catch (InterruptedException e) {
          interrupted.countDown();
        }
      }
      return "too late";
    }));
    assertThat(nextBegun()).isEqualTo("stubborn");

    time.pass(Duration.ofSeconds(5));

    assertThat(failure(job.future())).isInstanceOf(LaneException.TimedOut.class).hasMessageContaining("PT5S");
    assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(get(executor.submit("a", Task.of(() -> "next")).future())).isEqualTo("next");
    stubborn.countDown();
    assertThat(stats(executor, "a").running()).isZero();
  }

  @Test
  void timeout_permitPassedOn_countsFromItsOwnStart() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").timeout(Duration.ofSeconds(10)));
    executor.submit("a", gated("first"));
    Job<String> second = executor.submit("a", gated("second"));
    executor.submit("a", gated("third"));
    assertThat(nextBegun()).isEqualTo("first");
    time.pass(Duration.ofSeconds(5));
    open("first");
    assertThat(nextBegun()).isEqualTo("second");

    // Nothing but the alarms takes the lock meanwhile.
    time.pass(Duration.ofSeconds(10));

    assertThat(failure(second.future())).isInstanceOf(LaneException.TimedOut.class);
    assertThat(nextBegun()).isEqualTo("third");
    assertThat(stats(executor, "a").running()).isEqualTo(1);
  }

  @Test
  void deadline_waitingTask_failsWithoutRunning() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    executor.submit("a", gated("first"));
    assertThat(nextBegun()).isEqualTo("first");
    executor.submit("a", gated("second"));
    Job<String> late = executor.submit("a", gated("late").within(Duration.ofSeconds(3)));

    time.pass(Duration.ofSeconds(3));

    assertThat(failure(late.future())).isInstanceOf(LaneException.TimedOut.class).hasMessageContainingAll("late",
        "PT3S");
    open("first");
    open("second");
    get(executor.drain());
    assertThat(begun).containsExactly("second");
  }

  @Test
  void cancel_queuedRunningAndRetrying_endsEach() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").firstPause(Duration.ofSeconds(10)));
    BlockingQueue<LaneEvent> events = new LinkedBlockingQueue<>();
    AtomicInteger runs = new AtomicInteger();
    try (Subscription subscription = executor.subscribe(event -> true, events::add)) {
      Job<String> retrying = executor.submit("a", Task.<String>of(() -> {
        runs.incrementAndGet();
        throw new IllegalStateException("no");
      }).idempotent(true));
      next(events, LaneEvent.Retried.class);
      Job<String> running = executor.submit("a", gated("running"));
      assertThat(nextBegun()).isEqualTo("running");
      Job<String> queued = executor.submit("a", gated("queued"));

      queued.cancel();
      retrying.future().cancel(false);
      running.cancel();

      assertThat(List.of(queued, retrying, running)).allSatisfy(job -> assertThat(job.future()).isCancelled());
      get(executor.drain());
      LaneStats stats = stats(executor, "a");
      assertThat(stats.cancelled()).isEqualTo(3);
      assertThat(stats.queued() + stats.running() + stats.retrying()).isZero();
      assertThat(time.pending()).as("alarms, except the one that all attempts share").isEqualTo(1);
      assertThat(get(executor.submit("a", Task.of(() -> "next")).future())).isEqualTo("next");
      assertThat(begun).isEmpty();
      assertThat(runs).hasValue(1);
      assertThat(executor.deadLetters()).isEmpty();
      assertThat(subscription.dropped()).isZero();
    }
  }

  @Test
  void cancel_callback_findsThePermitFree() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    Job<String> job = executor.submit("a", gated("running"));
    assertThat(nextBegun()).isEqualTo("running");
    CompletableFuture<String> after = new CompletableFuture<>();
    var unused = job.future().whenComplete((result, failure) -> {
      try {
        after.complete(executor.submit("a", Task.of(() -> "after")).future().get(30, TimeUnit.SECONDS));
      } catch (Exception e) {
        after.completeExceptionally(e);
      }
    });

    job.cancel();

    assertThat(get(after)).isEqualTo("after");
  }

  @ParameterizedTest
  @ValueSource(strings = {"value", "failure", "value of another thread", "failure of another thread", "time-out"})
  void future_completedByCaller_endsTheTask(String by) throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    Job<String> job = executor.submit("a", gated("running"));
    assertThat(nextBegun()).isEqualTo("running");
    CompletableFuture<String> permit = job.future()
        .handle((result, failure) -> failure == null ? result : failure.getClass().getSimpleName())
        .thenCompose(end -> executor.submit("a", Task.of(() -> end)).future());

    boolean unused = switch (by) {
      case "value" -> job.future().complete("a value");
      case "failure" -> job.future().completeExceptionally(new IllegalStateException("no"));
      case "value of another thread" -> job.future().completeAsync(() -> "a value").isDone();
      case "failure of another thread" -> job.future().completeAsync(() -> {
        throw new IllegalStateException("no");
      }).isDone();
      default -> job.future().orTimeout(1, TimeUnit.MILLISECONDS).isDone();
    };

    assertThat(get(permit)).isEqualTo(
        by.startsWith("value") ? "a value" : by.equals("time-out") ? "TimeoutException" : "IllegalStateException");
    assertThat(stats(executor, "a").cancelled()).isEqualTo(1);
  }

  @Test
  void cancel_batch_startsNoneOfItsTasks() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    Batch<String> batch = executor.submitAll("a", List.of(gated("1"), gated("2"), gated("3")));
    assertThat(nextBegun()).isEqualTo("1");

    batch.cancel();

    get(executor.drain());
    assertThat(begun).isEmpty();
    assertThat(batch.jobs()).allSatisfy(job -> assertThat(job.future()).isCancelled());
  }

  @Test
  void submitAll_queueTooSmall_refusesOnlyTheExcess() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").concurrency(1).queueBound(2));
    executor.submit("a", gated("first"));
    assertThat(nextBegun()).isEqualTo("first");

    Batch<String> batch = executor.submitAll("a", List.of(gated("1"), gated("2"), gated("3")));

    assertThat(failure(batch.jobs().get(2).future())).isInstanceOf(LaneException.Full.class)
        .hasMessageContaining("lane a has 2 tasks waiting");
    open("first");
    open("1");
    open("2");
    assertThat(get(batch.jobs().get(0).future())).isEqualTo("1");
    assertThat(get(batch.jobs().get(1).future())).isEqualTo("2");
    assertThat(stats(executor, "a").refused()).isEqualTo(1);
  }

  @Test
  void batch_oneFails_othersSucceed() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Batch<Integer> batch = executor.submitAll("a", List.of(Task.of(() -> 1), Task.of(() -> {
      throw new IllegalStateException("no");
    }), Task.of(() -> 3)));

    assertThat(get(batch.jobs().get(0).future())).isEqualTo(1);
    assertThat(get(batch.jobs().get(2).future())).isEqualTo(3);
    assertThat(failure(batch.allOf())).hasMessage("no");
    assertThat(get(batch.anyOf())).isIn(1, 3);
    assertThat(batch.jobs()).extracting(Job::id).doesNotHaveDuplicates();
  }

  @Test
  void anyOf_allFailOrNone_fails() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a"));
    Task<Integer> bad = Task.of(() -> {
      throw new IllegalStateException("no");
    });

    assertThat(failure(executor.submitAll("a", List.of(bad, bad)).anyOf())).hasMessage("no");
    assertThat(failure(executor.submitAll("a", List.<Task<Integer>>of()).anyOf()))
        .isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void submitAll_largerThanTheQueue_startsBeforeRefusing() throws Exception {
    LaneExecutor executor = executor(4, Lane.of("a").concurrency(3).queueBound(1));

    Batch<String> batch = executor.submitAll("a", List.of(gated("1"), gated("2"), gated("3"), gated("4"), gated("5")));

    assertThat(failure(batch.jobs().getLast().future())).isInstanceOf(LaneException.Full.class);
    assertThat(stats(executor, "a").refused()).isEqualTo(1);
    gates.values().forEach(CountDownLatch::countDown);
    for (Job<String> job : batch.jobs().subList(0, 4)) {
      assertThat(get(job.future())).isEqualTo(job.task().name());
    }
  }

  @Test
  void timeout_callersWaitForEachOther_bothAreNotified() throws Exception {
    LaneExecutor executor = executor(2, Lane.of("a").timeout(Duration.ofSeconds(5)));
    CompletableFuture<String> waited = new CompletableFuture<>();
    Batch<String> batch = executor.submitAll("a", List.of(gated("1"), gated("2")));
    assertThat(nextTwoBegun()).hasSize(2);
    for (int i = 0; i < 2; i++) {
      CompletableFuture<String> other = batch.jobs().get(1 - i).future();
      var unused = batch.jobs().get(i).future().whenComplete((result, failure) -> {
        try {
          waited.complete(failure(other).getClass().getSimpleName());
        } catch (Exception e) {
          waited.completeExceptionally(e);
        }
      });
    }

    time.pass(Duration.ofSeconds(5));

    assertThat(get(waited)).isEqualTo("TimedOut");
    get(executor.drain());
  }

  @Test
  void drain_taskCancelled_endsAfterItsFuture() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a"));
    Job<String> job = executor.submit("a", gated("a"));
    assertThat(nextBegun()).isEqualTo("a");
    CompletableFuture<Boolean> wasDone = executor.drain().thenApply(done -> job.future().isDone());

    job.cancel();

    assertThat(get(wasDone)).isTrue();
  }

  // Dead letters

  @Test
  void onDeadLetter_throwsAndNoneAreKept_drainStillEnds() throws Exception {
    List<DeadLetter> received = Collections.synchronizedList(new ArrayList<>());
    LaneExecutor executor = executors
        .open(LaneExecutor.builder().concurrency(1).lane(Lane.of("a")).mostDeadLetters(0).onDeadLetter(letter -> {
          received.add(letter);
          throw new AssertionError("the hook's fault");
        }));
    CompletableFuture<?> failing = executor.submit("a", gated("fails")).future();
    assertThat(nextBegun()).isEqualTo("fails");
    CompletableFuture<?> drain = executor.drain();
    Job<Integer> bad = executor.submit("a", Task.of(() -> {
      throw new IllegalStateException("no");
    }));
    open("fails");

    get(drain);

    assertThat(failing).isCompleted();
    assertThat(bad.future()).isCompletedExceptionally();
    assertThat(received).extracting(DeadLetter::id).containsExactly(bad.id());
    assertThat(executor.deadLetters()).isEmpty();
  }

  @Test
  void replay_fullLane_keepsTheDeadLetterInPosition() throws Exception {
    LaneExecutor executor = executor(1, Lane.of("a").queueBound(1));
    Task<Integer> failing = Task.of(() -> {
      throw new IllegalStateException("no");
    });
    Job<Integer> bad = executor.submit("a", failing);
    assertThat(failure(bad.future())).hasMessage("no");
    Job<Integer> worse = executor.submit("a", failing);
    assertThat(failure(worse.future())).hasMessage("no");
    executor.submit("a", gated("first"));
    assertThat(nextBegun()).isEqualTo("first");
    executor.submit("a", gated("second"));

    assertThat(failure(executor.replay(bad.id()).orElseThrow().future())).isInstanceOf(LaneException.Full.class);

    assertThat(executor.deadLetters()).extracting(DeadLetter::id).containsExactly(bad.id(), worse.id());
    assertThat(executor.drop(bad.id())).isTrue();
    assertThat(executor.deadLetters()).extracting(DeadLetter::id).containsExactly(worse.id());
  }

  // Events

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

  private static Task<Integer> failing() {
    return Task.<Integer>of(() -> {
      throw new IllegalStateException("not yet");
    }).idempotent(true);
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

  // Shutting down

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

  // Settings

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
