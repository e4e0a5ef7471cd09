package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The results of tools, their failures, and tools that workers outside the process run. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ToolExecutorTest extends ToolExecutorTestCase {

  @Test
  void run_callsEndInAnyOrder_resultsAreInCallOrder() throws Exception {
    CountDownLatch second = new CountDownLatch(1);
    CountDownLatch third = new CountDownLatch(1);
    ToolExecutor<String, String> tools = tools(independent("echo", argument -> {
      switch (argument) {
        case "1" -> Waits.until(second);
        case "2" -> Waits.until(third);
        default -> third.countDown();
      }
      if (argument.equals("2")) {
        second.countDown();
      }
      return "echo of " + argument;
    }));

    assertThat(tools.run(calls("echo 1", "echo 2", "echo 3"))).containsExactly(
        new ToolResult.Success<>("echo 1", "echo", "echo of 1"),
        new ToolResult.Success<>("echo 2", "echo", "echo of 2"),
        new ToolResult.Success<>("echo 3", "echo", "echo of 3"));
  }

  @Test
  void run_noCalls_hasNoResults() throws Exception {
    assertThat(tools().run(List.of())).isEmpty();
  }

  @Test
  void run_sameIdTwice_runsBoth() throws Exception {
    ToolExecutor<String, String> tools = tools(independent("echo", argument -> argument));

    assertThat(tools.run(List.of(new ToolCall<>("id", "echo", "a"), new ToolCall<>("id", "echo", "b"))))
        .containsExactly(new ToolResult.Success<>("id", "echo", "a"), new ToolResult.Success<>("id", "echo", "b"));
  }

  @Test
  void of_duplicateNameOrUnknownLane_isRejected() {
    Tool<String, String> one = independent("one", argument -> argument);
    Tool<String, String> other = independent("other", argument -> argument);

    assertThat(tools(one, other).tools()).containsExactly(one, other);
    assertThatThrownBy(() -> tools(one, one)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("two tools are called one");
    assertThatThrownBy(() -> tools(one.lane("nowhere"))).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("there is no lane nowhere");
  }

  @Test
  void run_oneCallFails_followersStillRun() throws Exception {
    IllegalStateException thrown = new IllegalStateException("no");
    Tool<String, String> failing = Tool.<String, String>of("fail", path -> {
      files.put(path, "half written");
      throw thrown;
    }).accessing(path -> Access.writes(path));

    List<ToolResult<String>> results = tools(failing, read(), write())
        .run(calls("fail a", "read a", "write b=1", "read b"));

    assertThat(results.getFirst()).isEqualTo(new ToolResult.Failure<>("fail a", "fail", thrown));
    assertThat(results.subList(1, 4)).extracting(ToolExecutorTestCase::value).containsExactly("half written", "written",
        "1");
  }

  @Test
  void run_unknownTool_failsAndNamesTheTools() throws Exception {
    ToolExecutor<String, String> tools = tools(read(), write());

    List<ToolResult<String>> results = tools.run(calls("write a=1", "raed a", "read a"));

    assertThat(failure(results.get(1))).isInstanceOf(LaneException.UnknownTool.class)
        .hasMessageContainingAll("no tool raed", "read, write");
    assertThat(results.get(1).id()).isEqualTo("raed a");
    assertThat(results.get(1).tool()).isEqualTo("raed");
    assertThat(results.get(2)).extracting(ToolExecutorTestCase::value).isEqualTo("1");
    assertThat(run(tools, "raed a")).singleElement().asString().contains("no tool raed");
  }

  @Test
  void run_unreadableArguments_failsWithoutRunning() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    AssertionError thrown = new AssertionError("no number");
    Tool<String, String> picky = Tool.<String, String>of("picky", argument -> {
      runs.incrementAndGet();
      return argument;
    }).accessing(argument -> {
      throw thrown;
    });

    List<ToolResult<String>> results = tools(picky, read(), write()).run(calls("write a=1", "picky x", "read a"));

    assertThat(failure(results.get(1))).isSameAs(thrown);
    assertThat(results.get(2)).extracting(ToolExecutorTestCase::value).isEqualTo("1");
    assertThat(runs).hasValue(0);
  }

  @Test
  void run_toolException_failsWithoutRetryOrDeadLetter() throws Exception {
    LaneExecutor lanes = lanes();
    AtomicInteger runs = new AtomicInteger();
    ToolException thrown = new ToolException("there is no such file; there are a and b");
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(independent("picky", argument -> {
      runs.incrementAndGet();
      throw thrown;
    }).idempotent(true), Tool.<String, String>batched("many", arguments -> List.of(() -> {
      throw thrown;
    }, () -> "b")).accessing(arguments -> Access.nothing()).idempotent(true)));

    assertThat(tools.run(calls("picky 1", "many a", "many b"))).containsExactly(
        new ToolResult.Failure<>("picky 1", "picky", thrown), new ToolResult.Failure<>("many a", "many", thrown),
        new ToolResult.Success<>("many b", "many", "b"));

    assertThat(runs).hasValue(1);
    assertThat(lanes.deadLetters()).isEmpty();
    assertThat(lanes.stats().getFirst().completed()).isEqualTo(2);
  }

  @Test
  void run_toolReturnsNull_fails() throws Exception {
    ToolExecutor<String, String> tools = tools(independent("none", argument -> nothing()));

    assertThat(failure(tools.run(calls("none 1")).getFirst())).isInstanceOf(NullPointerException.class)
        .hasMessage("a tool's result must not be null");
  }

  @Test
  void run_fullLane_fails() throws Exception {
    LaneExecutor lanes = lanes(4, execute().concurrency(1).queueBound(1), Lane.of("free"));
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes,
        List.of(independent("busy", argument -> argument), independent("free", argument -> argument).lane("free")));
    occupy(lanes, "execute");
    lanes.submit("execute", Task.of(() -> "waits"));

    List<ToolResult<String>> results = tools.run(calls("busy 1", "free 2"));

    assertThat(failure(results.getFirst())).isInstanceOf(LaneException.Full.class)
        .hasMessageContaining("lane execute has 1 tasks waiting");
    assertThat(results.getLast()).isEqualTo(new ToolResult.Success<>("free 2", "free", "2"));
  }

  @Test
  void run_executorShutDown_fails() throws Exception {
    LaneExecutor lanes = lanes();
    AtomicInteger runs = new AtomicInteger();
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(independent("count", argument -> {
      runs.incrementAndGet();
      return argument;
    })));
    lanes.shutdown(Duration.ZERO);

    assertThat(tools.run(calls("count 1", "count 2"))).allSatisfy(
        result -> assertThat(failure(result)).isInstanceOf(LaneException.ShutDown.class));
    assertThat(runs).hasValue(0);
  }

  @Test
  void run_idempotentTool_isRetried() throws Exception {
    LaneExecutor lanes = lanes();
    lanes.subscribe(event -> true, events::add);
    AtomicInteger runs = new AtomicInteger();
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(independent("flaky", argument -> {
      if (runs.incrementAndGet() == 1) {
        throw new IllegalStateException("no");
      }
      return argument;
    }).idempotent(true), independent("once", argument -> {
      throw new IllegalStateException("no");
    })));
    CompletableFuture<List<String>> results = inBackground(() -> run(tools, "flaky 1", "once 2"));
    Waits.next(events, LaneEvent.Retried.class);

    time.pass(Duration.ofSeconds(1));

    assertThat(Waits.get(results)).containsExactly("1", "failed: java.lang.IllegalStateException: no");
    assertThat(runs).hasValue(2);
  }

  @Test
  void run_deadlinePasses_endsRunningAndWaitingCalls() throws Exception {
    LaneExecutor lanes = lanes(4, execute().concurrency(1));
    lanes.subscribe(event -> true, events::add);
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes,
        List.of(independent("late", argument -> argument).within(Duration.ofSeconds(3))));
    occupy(lanes, "execute");
    Waits.next(events, LaneEvent.Submitted.class);
    CompletableFuture<List<ToolResult<String>>> results = inBackground(() -> tools.run(calls("late 1")));
    Waits.next(events, LaneEvent.Submitted.class);
    assertThat(lanes.stats().getFirst().queued()).isEqualTo(1);

    time.pass(Duration.ofSeconds(3));

    assertThat(failure(Waits.get(results).getFirst())).isInstanceOf(LaneException.TimedOut.class)
        .hasMessageContaining("PT3S");
  }

  @Test
  void run_externalTool_isDoneByAWorkerWhileOthersRun() throws Exception {
    LaneExecutor lanes = lanes();
    lanes.subscribe(event -> true, events::add);
    Tool<String, String> shell = Tool.<String, String>external("shell", String.class).accessing(Access::writes);
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(shell, read()));
    CompletableFuture<List<ToolResult<String>>> results = inBackground(
        () -> tools.run(calls("shell a", "read a", "shell b", "read c")));
    assertThat(Waits.next(events, LaneEvent.Offered.class).payload()).isEqualTo("a");
    assertThat(Waits.next(events, LaneEvent.Offered.class).payload()).isEqualTo("b");

    ExternalTasks.Claim first = lanes.externalTasks().next("execute", Duration.ofSeconds(3)).orElseThrow();
    ExternalTasks.Claim second = lanes.externalTasks().next("execute", Duration.ofSeconds(3)).orElseThrow();
    assertThat(first.payload()).isEqualTo("a");
    assertThat(first.task()).isEqualTo("shell");
    files.put("a", "made by a worker");
    assertThatThrownBy(() -> lanes.externalTasks().complete(first.id(), 42))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(lanes.externalTasks().complete(first.id(), "made")).isTrue();
    assertThat(lanes.externalTasks().fail(second.id(), new IllegalStateException("broken"))).isTrue();

    assertThat(Waits.get(results)).extracting(ToolExecutorTestCase::value).containsExactly("made", "made by a worker",
        "failed: java.lang.IllegalStateException: broken", "nothing");
  }
}
