package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where calls run: quick ones on the caller's thread, others in the lanes. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class QuickToolTest extends ToolExecutorTestCase {

  @Test
  void decision_unknownThenQuick_movesToTheCallersThread() throws Exception {
    List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
    LaneExecutor lanes = lanes();
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(noting(threads)));
    Subscription first = lanes.subscribe(event -> true, events::add);
    run(tools, "quick 1", "quick 2");
    assertThat(threads).hasSize(2).doesNotContain(Thread.currentThread());
    for (int i = 0; i < 2; i++) {
      Decision unknown = Objects.requireNonNull(Waits.next(events, LaneEvent.Submitted.class).decision());
      assertThat(unknown.reason()).isEqualTo(Decision.Reason.UNKNOWN);
      assertThat(unknown.parallel()).isTrue();
      assertThat(unknown.calls()).isEqualTo(2);
      assertThat(unknown.expected()).isZero();
    }
    first.close();
    runUntilHere(tools, threads, "quick 1", "quick 2");
    events.clear();

    Decision known = null;
    for (int i = 0; i < MOST_RUNS && known == null; i++) {
      BlockingQueue<LaneEvent> submitted = new LinkedBlockingQueue<>();
      threads.clear();
      try (Subscription listening = lanes.subscribe(LaneEvent.Submitted.class::isInstance, submitted::add)) {
        assertThat(run(tools, "quick 1", "quick 2")).containsExactly("1", "2");
        if (threads.stream().allMatch(Thread.currentThread()::equals)) {
          known = Waits.next(submitted, LaneEvent.Submitted.class).decision();
        }
        assertThat(listening.dropped()).isZero();
      }
    }

    assertThat(Objects.requireNonNull(known).parallel()).isFalse();
    assertThat(known.reason()).isEqualTo(Decision.Reason.DOES_NOT_PAY);
    assertThat(known.expected()).isPositive();
  }

  @Test
  void decision_longCalls_isParallel() throws Exception {
    List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch first = new CountDownLatch(2);
    CountDownLatch second = new CountDownLatch(2);
    LaneExecutor lanes = lanes();
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(independent("slow", argument -> {
      threads.add(Thread.currentThread());
      long begun = System.nanoTime();
      while (System.nanoTime() - begun < 10_000_000) {
        Thread.onSpinWait();
      }
      Waits.together(first.getCount() > 0 ? first : second);
      return argument;
    })));
    run(tools, "slow 1", "slow 2");
    lanes.subscribe(event -> true, events::add);

    assertThat(run(tools, "slow 1", "slow 2")).containsExactly("1", "2");

    Decision decision = Objects.requireNonNull(Waits.next(events, LaneEvent.Submitted.class).decision());
    assertThat(decision.parallel()).isTrue();
    assertThat(decision.reason()).isEqualTo(Decision.Reason.LONG);
    assertThat(decision.expected()).isGreaterThanOrEqualTo(Duration.ofMillis(20));
    assertThat(threads).hasSize(4).doesNotContain(Thread.currentThread());
  }

  @Test
  void decision_quickSingleCall_isCallersThread() throws Exception {
    List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
    LaneExecutor lanes = lanes();
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(noting(threads)));
    runUntilHere(tools, threads, "quick 1");
    List<Decision> decisions = new ArrayList<>();
    BlockingQueue<LaneEvent> submitted = new LinkedBlockingQueue<>();
    try (Subscription listening = lanes.subscribe(LaneEvent.Submitted.class::isInstance, submitted::add)) {
      for (int i = 0; i < 100; i++) {
        run(tools, "quick 1");
        decisions.add(Objects.requireNonNull(Waits.next(submitted, LaneEvent.Submitted.class).decision()));
      }
      assertThat(listening.dropped()).isZero();
    }

    assertThat(decisions).anySatisfy(decision -> {
      assertThat(decision.parallel()).isFalse();
      assertThat(decision.reason()).isEqualTo(Decision.Reason.ALONE);
      assertThat(decision.calls()).isEqualTo(1);
    });
  }

  @Test
  void decision_plainTask_isNull() throws Exception {
    LaneExecutor lanes = lanes();
    lanes.subscribe(event -> true, events::add);

    lanes.submit("execute", Task.of(() -> ""));

    assertThat(Waits.next(events, LaneEvent.Submitted.class).decision()).isNull();
  }

  @Test
  void decision_externalTool_isExternal() throws Exception {
    LaneExecutor lanes = lanes();
    lanes.subscribe(event -> true, events::add);
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(Tool.external("shell", String.class)));
    CompletableFuture<List<String>> results = inBackground(() -> run(tools, "shell a"));

    Decision decision = Objects.requireNonNull(Waits.next(events, LaneEvent.Submitted.class).decision());

    assertThat(decision.reason()).isEqualTo(Decision.Reason.EXTERNAL);
    assertThat(decision.calls()).isEqualTo(1);
    Waits.next(events, LaneEvent.Offered.class);
    ExternalTasks.Claim claim = lanes.externalTasks().next("execute", Duration.ofSeconds(3)).orElseThrow();
    lanes.externalTasks().complete(claim.id(), "done");
    assertThat(Waits.get(results)).containsExactly("done");
  }

  @Test
  void quickTool_busyLane_waitsForAPermit() throws Exception {
    List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
    LaneExecutor lanes = lanes(4, execute().concurrency(1));
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(noting(threads)));
    CompletableFuture<Thread> caller = new CompletableFuture<>();
    CountDownLatch busy = new CountDownLatch(1);
    CompletableFuture<List<String>> results = inBackground(() -> {
      runUntilHere(tools, threads, "quick 0");
      threads.clear();
      caller.complete(Thread.currentThread());
      Waits.until(busy);
      return run(tools, "quick 1", "quick 2");
    });
    Thread callersThread = Waits.get(caller);
    Job<String> occupies = occupy(lanes, "execute");
    lanes.subscribe(event -> true, events::add);
    busy.countDown();
    Waits.next(events, LaneEvent.Submitted.class);
    assertThat(threads).isEmpty();

    occupies.cancel();

    assertThat(Waits.get(results)).containsExactly("1", "2");
    assertThat(threads).hasSize(2);
    assertThat(threads.getFirst()).isNotEqualTo(callersThread);
  }

  @Test
  void quickTool_idempotentFailure_isRetried() throws Exception {
    List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
    AtomicBoolean fails = new AtomicBoolean();
    LaneExecutor lanes = lanes();
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(independent("flaky", argument -> {
      threads.add(Thread.currentThread());
      if (fails.getAndSet(false)) {
        throw new IllegalStateException("no");
      }
      return argument;
    }).idempotent(true)));
    CompletableFuture<List<String>> results = inBackground(() -> {
      runUntilHere(tools, threads, "flaky 0");
      threads.clear();
      fails.set(true);
      lanes.subscribe(event -> true, events::add);
      return run(tools, "flaky 1", "flaky 2");
    });
    Waits.next(events, LaneEvent.Retried.class);

    time.pass(Duration.ofSeconds(1));

    assertThat(Waits.get(results)).containsExactly("1", "2");
    assertThat(threads).hasSize(3);
  }

  @Test
  void quickTool_becomesSlow_leavesTheCallersThread() throws Exception {
    List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
    AtomicBoolean slow = new AtomicBoolean();
    ToolExecutor<String, String> tools = tools(independent("moody", argument -> {
      threads.add(Thread.currentThread());
      long begun = System.nanoTime();
      while (slow.get() && System.nanoTime() - begun < 10_000_000) {
        Thread.onSpinWait();
      }
      return argument;
    }));
    runUntilHere(tools, threads, "moody 0");
    threads.clear();
    slow.set(true);

    assertThat(run(tools, "moody 1", "moody 2", "moody 3", "moody 4", "moody 5", "moody 6")).containsExactly("1", "2",
        "3", "4", "5", "6");

    assertThat(threads.getLast()).isNotEqualTo(Thread.currentThread());
  }

  @Test
  void quickTool_timesOutOnCallersThread_callerIsNotInterrupted() throws Exception {
    CountDownLatch hangs = new CountDownLatch(1);
    LaneExecutor lanes = lanes();
    Thread caller = Thread.currentThread();
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(independent("moody", argument -> {
      if (Thread.currentThread().equals(caller) && hangs.getCount() > 0) {
        hangs.countDown();
        while (!caller.isInterrupted()) {
          Thread.onSpinWait();
        }
      }
      return argument;
    })));
    CompletableFuture<String> clock = inBackground(() -> {
      Waits.until(hangs);
      time.pass(TIMEOUT);
      return "passed";
    });

    List<ToolResult<String>> results = runUntilItHangs(tools, hangs, "moody 1", "moody 2");

    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    assertThat(failure(results.getFirst())).isInstanceOf(LaneException.TimedOut.class)
        .hasMessageContaining(TIMEOUT.toString());
    assertThat(results.getLast()).isEqualTo(new ToolResult.Success<>("moody 2", "moody", "2"));
    assertThat(lanes.stats().getFirst().running()).isZero();
    Waits.get(clock);
  }

  @Test
  void quickTool_executorShutDown_callerIsNotInterrupted() throws Exception {
    CountDownLatch hangs = new CountDownLatch(1);
    LaneExecutor lanes = lanes();
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(hangsHere(hangs)));
    CompletableFuture<Boolean> shutdown = inBackground(() -> {
      Waits.until(hangs);
      return lanes.shutdown(Duration.ZERO);
    });

    List<ToolResult<String>> results = runUntilItHangs(tools, hangs, "moody 1", "moody 2");

    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    assertThat(results).allSatisfy(result -> assertThat(failure(result)).isInstanceOf(LaneException.ShutDown.class));
    assertThat(Waits.get(shutdown)).isFalse();
  }
}
