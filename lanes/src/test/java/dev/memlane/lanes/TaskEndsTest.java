package dev.memlane.lanes;

import static dev.memlane.lanes.Waits.failure;
import static dev.memlane.lanes.Waits.get;
import static dev.memlane.lanes.Waits.next;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How tasks end: results, retries, time-outs, deadlines and cancellation; and what is left of those that failed. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TaskEndsTest extends LaneExecutorTestCase {

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
}
