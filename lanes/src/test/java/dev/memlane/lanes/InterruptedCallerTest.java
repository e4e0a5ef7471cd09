package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A caller that is interrupted before, during or at the end of its calls. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InterruptedCallerTest extends ToolExecutorTestCase {

  @Test
  void caller_interruptedWhileWaiting_cancelsItsCalls() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    CountDownLatch interrupted = new CountDownLatch(2);
    AtomicInteger after = new AtomicInteger();
    LaneExecutor lanes = lanes();
    Tool<String, String> slow = Tool.<String, String>of("slow", path -> {
      begun.countDown();
      try {
        never.await();
      } catch (InterruptedException e) {
        interrupted.countDown();
        throw e;
      }
      return path;
    }).accessing(Access::writes);
    Tool<String, String> then = Tool.<String, String>of("then", path -> "" + after.incrementAndGet())
        .accessing(Access::reads);
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(slow, then));
    CompletableFuture<Boolean> isStillInterrupted = new CompletableFuture<>();
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    Thread caller = Thread.ofPlatform().daemon().start(() -> {
      try {
        run(tools, "slow a", "slow b", "then a", "then b");
      } catch (Throwable e) {
        isStillInterrupted.complete(Thread.currentThread().isInterrupted());
        thrown.complete(e);
      }
    });
    Waits.until(begun);

    caller.interrupt();

    assertThat(Waits.get(thrown)).isInstanceOf(InterruptedException.class);
    assertThat(Waits.get(isStillInterrupted)).isFalse();
    Waits.until(interrupted);
    Waits.get(lanes.drain());
    assertThat(after).hasValue(0);
    assertThat(lanes.stats().getFirst().cancelled()).isEqualTo(2);
    assertThat(lanes.deadLetters()).isEmpty();
  }

  @Test
  void caller_interruptedBefore_runsNothing() {
    AtomicInteger runs = new AtomicInteger();
    ToolExecutor<String, String> tools = tools(independent("count", argument -> "" + runs.incrementAndGet())
        .accessing(Access::writes));
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> run(tools, "count a", "count a", "count a")).isInstanceOf(InterruptedException.class);

    assertThat(Thread.interrupted()).isFalse();
    assertThat(runs).hasValueBetween(0, 1);
  }

  @Test
  void caller_interruptedDuringToolOnItsThread_isInterrupted() throws Exception {
    CountDownLatch hangs = new CountDownLatch(1);
    LaneExecutor lanes = lanes();
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes,
        List.of(hangsHere(hangs).accessing(argument -> Access.writes("it")), endlessAfter(hangs)));
    interruptWhenItHangs(hangs);

    assertThatThrownBy(() -> runUntilItHangs(tools, hangs, "moody 1", "after 2"))
        .isInstanceOf(InterruptedException.class);

    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    Waits.get(lanes.drain());
  }

  /**
   * A tool that reads what the previous tool has written. It is quick until that tool has hung, and endless
   * afterwards.
   */
  private Tool<String, String> endlessAfter(CountDownLatch hangs) {
    return Tool.<String, String>of("after", argument -> {
      if (hangs.getCount() == 0) {
        never.await();
      }
      return argument;
    }).accessing(argument -> Access.reads("it"));
  }

  private static void interruptWhenItHangs(CountDownLatch hangs) {
    Thread caller = Thread.currentThread();
    var unused = inBackground(() -> {
      Waits.until(hangs);
      caller.interrupt();
      return "interrupted";
    });
  }

  @Test
  void caller_interruptedDuringBatchOnItsThread_isInterrupted() {
    CountDownLatch hangs = new CountDownLatch(1);
    Thread caller = Thread.currentThread();
    Tool<String, String> batched = Tool.<String, String>batched("moody",
        arguments -> Collections.nCopies(arguments.size(), () -> {
          if (Thread.currentThread().equals(caller) && hangs.getCount() > 0) {
            hangs.countDown();
            never.await();
          }
          return "";
        })).accessing(arguments -> Access.writes("it"));
    ToolExecutor<String, String> tools = tools(batched, endlessAfter(hangs));
    interruptWhenItHangs(hangs);

    assertThatThrownBy(() -> runUntilItHangs(tools, hangs, "moody 1", "after 2"))
        .isInstanceOf(InterruptedException.class);
  }

  @Test
  void caller_interruptedAndToolIgnoresIt_isInterrupted() {
    CountDownLatch interrupted = new CountDownLatch(1);
    Thread caller = Thread.currentThread();
    Tool<String, String> deaf = Tool.<String, String>of("deaf", argument -> {
      if (Thread.currentThread().equals(caller)) {
        interrupted.countDown();
        caller.interrupt();
      }
      return argument;
    }).accessing(argument -> Access.writes("it"));
    ToolExecutor<String, String> tools = tools(deaf, endlessAfter(interrupted));

    assertThatThrownBy(() -> runUntilItHangs(tools, interrupted, "deaf 1", "after 2"))
        .isInstanceOf(InterruptedException.class);
  }

  @Test
  void caller_interruptedDuringLastCall_staysInterrupted() throws Exception {
    CountDownLatch hangs = new CountDownLatch(1);
    ToolExecutor<String, String> tools = tools(hangsHere(hangs));
    interruptWhenItHangs(hangs);

    List<ToolResult<String>> results = runUntilItHangs(tools, hangs, "moody 1");

    assertThat(Thread.interrupted()).isTrue();
    assertThat(failure(results.getFirst())).isInstanceOf(InterruptedException.class);
  }
}
