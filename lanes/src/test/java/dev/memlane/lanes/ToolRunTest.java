package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.testing.ManualScheduler;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Failures while a list of tool calls runs, on the caller's thread and on others. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ToolRunTest {

  private final ManualScheduler time = new ManualScheduler();
  private final LaneExecutor lanes = LaneExecutor.builder().concurrency(4).scheduler(time).nanoTime(time::nanoTime)
      .lane(Lane.of("execute").timeout(Duration.ofSeconds(5)).firstPause(Duration.ofSeconds(1))).build();
  private final CountDownLatch never = new CountDownLatch(1);

  @AfterEach
  void close() {
    never.countDown();
    lanes.shutdown(Duration.ZERO);
    lanes.close();
  }

  private static Tool<String, String> independent(String name, Tool.Handler<String, String> handler) {
    return Tool.of(name, handler).accessing(arguments -> Access.nothing());
  }

  private ToolExecutor<String, String> tools(Tool<String, String> tool) {
    return ToolExecutor.of(lanes, List.of(tool));
  }

  private static List<ToolCall<String>> calls(String tool, String... arguments) {
    List<ToolCall<String>> calls = new ArrayList<>();
    for (String argument : arguments) {
      calls.add(new ToolCall<>(argument, tool, argument));
    }
    return calls;
  }

  private static String valueOrFailure(ToolResult<String> result) {
    return switch (result) {
      case ToolResult.Success<String> success -> success.value();
      case ToolResult.Failure<String> failure -> failure.failure().getClass().getSimpleName();
    };
  }

  private static List<String> run(ToolExecutor<String, String> tools, List<ToolCall<String>> calls)
      throws InterruptedException {
    return tools.run(calls).stream().map(ToolRunTest::valueOrFailure).toList();
  }

  /** Runs a quick tool until its calls run on this thread. */
  private static void runUntilHere(ToolExecutor<String, String> tools, String tool, List<Thread> ran)
      throws InterruptedException {
    for (int i = 0; i < 10_000; i++) {
      ran.clear();
      run(tools, calls(tool, "warm", "up"));
      if (ran.stream().allMatch(Thread.currentThread()::equals)) {
        return;
      }
    }
    throw new AssertionError("quick calls never ran on the caller's thread");
  }

  @Test
  void run_toolThrowsCancellation_isAnOrdinaryFailure() throws Exception {
    ToolExecutor<String, String> tools = tools(independent("one", argument -> {
      if (argument.equals("b")) {
        throw new CancellationException("not ours");
      }
      return argument;
    }));

    assertThat(run(tools, calls("one", "a", "b", "c"))).containsExactly("a", "CancellationException", "c");
  }

  @Test
  void run_batchedAnswersThrowErrors_failAlone() throws Exception {
    Tool<String, String> batched = Tool.<String, String>batched("many", all -> {
      List<Callable<String>> answers = new ArrayList<>();
      for (String one : all) {
        answers.add(() -> {
          if (one.equals("b")) {
            throw new AssertionError("bad");
          }
          return one;
        });
      }
      return answers;
    }).accessing(arguments -> Access.nothing());

    assertThat(run(tools(batched), calls("many", "a", "b", "c"))).containsExactly("a", "AssertionError", "c");
  }

  @Test
  void run_accessThrowsOrIsNull_failsThatCallAlone() throws Exception {
    Tool<String, String> picky = Tool.<String, String>of("picky", argument -> argument).accessing(argument -> {
      if (argument.equals("deep")) {
        throw new StackOverflowError();
      }
      return argument.equals("null") ? nothing() : Access.nothing();
    });

    assertThat(run(tools(picky), calls("picky", "a", "deep", "null", "b"))).containsExactly("a", "StackOverflowError",
        "NullPointerException", "b");
    assertThatThrownBy(() -> picky.within(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("within is PT0S");
  }

  @SuppressWarnings("NullAway") // A careless tool returns null.
  private static Access nothing() {
    return null;
  }

  @Test
  void run_firstCallTimedOut_toolIsNotConsideredQuick() throws Exception {
    BlockingQueue<Thread> begun = new LinkedBlockingQueue<>();
    ToolExecutor<String, String> tools = tools(independent("slow", argument -> {
      begun.add(Thread.currentThread());
      never.await();
      return argument;
    }));
    for (int i = 0; i < 3; i++) {
      CompletableFuture<List<String>> results = new CompletableFuture<>();
      Thread caller = Thread.ofVirtual().start(() -> {
        try {
          results.complete(run(tools, calls("slow", "a", "b")));
        } catch (InterruptedException e) {
          results.completeExceptionally(e);
        }
      });
      for (int call = 0; call < 2; call++) {
        assertThat(Objects.requireNonNull(begun.poll(30, TimeUnit.SECONDS))).as("run " + i).isNotEqualTo(caller);
      }
      time.pass(Duration.ofSeconds(5));
      assertThat(results.get(30, TimeUnit.SECONDS)).containsExactly("TimedOut", "TimedOut");
    }
  }

  @Test
  void run_quickToolHangsOnCallersThread_isInterruptedAndCallerContinues() throws Exception {
    List<Thread> ran = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch hangs = new CountDownLatch(1);
    ToolExecutor<String, String> tools = tools(independent("moody", argument -> {
      ran.add(Thread.currentThread());
      if (argument.equals("hang")) {
        hangs.countDown();
        while (!Thread.currentThread().isInterrupted()) {
          Thread.onSpinWait();
        }
      }
      return argument;
    }));
    runUntilHere(tools, "moody", ran);
    Thread clock = Thread.ofVirtual().start(() -> {
      try {
        hangs.await();
        time.pass(Duration.ofSeconds(5));
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    });

    assertThat(run(tools, calls("moody", "hang", "b"))).containsExactly("TimedOut", "b");

    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    clock.join();
  }

  @Test
  void run_toolHidesInterruptOfCaller_callerStaysInterrupted() throws Exception {
    List<Thread> ran = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger after = new AtomicInteger();
    ToolExecutor<String, String> tools = tools(independent("moody", argument -> {
      ran.add(Thread.currentThread());
      if (argument.equals("interrupt")) {
        Thread.currentThread().interrupt();
        try {
          never.await();
        } catch (InterruptedException e) {
          throw new IllegalStateException("hidden", e);
        }
      }
      if (argument.equals("after")) {
        after.incrementAndGet();
      }
      return argument;
    }));
    runUntilHere(tools, "moody", ran);

    assertThatThrownBy(() -> run(tools, calls("moody", "interrupt", "after"))).isInstanceOf(InterruptedException.class);

    assertThat(after).hasValue(0);
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void run_callerInterrupted_waitingCallsDoNotBegin() throws Exception {
    BlockingQueue<String> begun = new LinkedBlockingQueue<>();
    ToolExecutor<String, String> tools = tools(independent("slow", argument -> {
      begun.add(argument);
      never.await();
      return argument;
    }));
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    AtomicInteger started = new AtomicInteger();
    CountDownLatch idle = new CountDownLatch(1);
    Subscription subscription = lanes.subscribe(event -> true, event -> {
      if (event instanceof LaneEvent.Started) {
        started.incrementAndGet();
      } else if (event instanceof LaneEvent.Idle) {
        idle.countDown();
      }
    });
    Thread caller = Thread.ofVirtual().start(() -> {
      try {
        run(tools, calls("slow", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"));
      } catch (InterruptedException e) {
        thrown.complete(e);
      }
    });
    for (int i = 0; i < 4; i++) {
      assertThat(begun.poll(30, TimeUnit.SECONDS)).isNotNull();
    }

    caller.interrupt();

    assertThat(thrown.get(30, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
    assertThat(idle.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(started).hasValue(4);
    assertThat(begun).isEmpty();
    assertThat(lanes.stats().getFirst().cancelled()).isEqualTo(12);
    subscription.close();
  }

  @Test
  void deadLetter_toolCall_retainsNothingOfOtherCalls() throws Exception {
    List<WeakReference<String>> results = new ArrayList<>();
    ToolExecutor<String, String> tools = tools(independent("one", argument -> {
      if (argument.equals("bad")) {
        throw new IllegalStateException("no");
      }
      String result = "a result that nothing else holds, " + System.nanoTime();
      results.add(new WeakReference<>(result));
      return result;
    }).accessing(argument -> Access.writes("the same")));

    assertThat(run(tools, calls("one", "a", "bad"))).last().isEqualTo("IllegalStateException");

    assertThat(lanes.deadLetters()).hasSize(1);
    for (int i = 0; i < 100 && results.getFirst().get() != null; i++) {
      System.gc();
    }
    assertThat(results.getFirst().get()).as("retained by the dead letter").isNull();
    assertThat(lanes.replay(lanes.deadLetters().getFirst().id()).orElseThrow().future())
        .failsWithin(Duration.ofSeconds(30));
  }

  @Test
  void run_toolQuickEverySecondTime_costIsLearned() {
    CostModel costs = new CostModel(List.of("cached"), 2);
    ToolCost cost = costs.of("cached");
    for (int i = 0; i < 40; i++) {
      cost.addAlone(i % 2 == 0 ? 15_000 : 1e8);
    }
    assertThat(costs.isShort(cost, 1)).isFalse();
  }
}
