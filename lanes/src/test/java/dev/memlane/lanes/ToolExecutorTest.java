package dev.memlane.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ToolExecutorTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  /** How many runs of a quick tool it takes at most to learn that it is quick. */
  private static final int MOST_RUNS = 10_000;

  @RegisterExtension
  private final TestExecutors executors = new TestExecutors();
  private final ManualScheduler time = executors.time;
  private final BlockingQueue<LaneEvent> events = new LinkedBlockingQueue<>();
  private final CountDownLatch never = new CountDownLatch(1);
  /** The values that the tools here read and write, by path. */
  private final Map<String, String> files = new ConcurrentHashMap<>();

  @AfterEach
  void close() {
    never.countDown();
  }

  private LaneExecutor lanes(int concurrency, Lane... lanes) {
    return executors.open(concurrency, lanes);
  }

  /** An executor of lane execute, which runs four tasks at a time. */
  private LaneExecutor lanes() {
    return lanes(4, execute());
  }

  private static Lane execute() {
    return Lane.of("execute").timeout(TIMEOUT).firstPause(Duration.ofSeconds(1));
  }

  @SafeVarargs
  @SuppressWarnings("varargs")
  private ToolExecutor<String, String> tools(Tool<String, String>... tools) {
    return ToolExecutor.of(lanes(), List.of(tools));
  }

  private static Tool<String, String> independent(String name, Tool.Handler<String, String> handler) {
    return Tool.of(name, handler).accessing(arguments -> Access.nothing());
  }

  private Tool<String, String> read() {
    return Tool.<String, String>of("read", path -> {
      linger(100);
      return files.getOrDefault(path, "nothing");
    }).accessing(path -> Access.reads(path));
  }

  /** A tool whose arguments are a path and the value to write. */
  private Tool<String, String> write() {
    return Tool.<String, String>of("write", arguments -> {
      linger(100);
      String[] pathAndText = arguments.split("=", 2);
      files.put(pathAndText[0], pathAndText[1]);
      return "written";
    }).accessing(arguments -> Access.writes(arguments.split("=", 2)[0]));
  }

  /** A tool whose arguments are two paths. */
  private Tool<String, String> copy() {
    return Tool.<String, String>of("copy", arguments -> {
      linger(100);
      String[] paths = arguments.split(">", 2);
      files.put(paths[1], files.getOrDefault(paths[0], "nothing"));
      return "copied";
    }).accessing(arguments -> Access.reads(arguments.split(">", 2)[0])
        .and(Access.writes(arguments.split(">", 2)[1])));
  }

  /** Gives way, so that calls which wrongly do not wait go first. */
  @SuppressWarnings("ThreadPriorityCheck")
  private static void linger(int times) {
    for (int i = 0; i < times; i++) {
      Thread.yield();
    }
  }

  /** Parses calls of the form {@code tool arguments}, which is the id as well. */
  private static List<ToolCall<String>> calls(String... calls) {
    List<ToolCall<String>> all = new ArrayList<>();
    for (String call : calls) {
      String[] toolAndArguments = call.split(" ", 2);
      all.add(new ToolCall<>(call, toolAndArguments[0], toolAndArguments[1]));
    }
    return all;
  }

  private static List<String> run(ToolExecutor<String, String> tools, String... calls) throws InterruptedException {
    return tools.run(calls(calls)).stream().map(ToolExecutorTest::value).toList();
  }

  private static String value(ToolResult<String> result) {
    return switch (result) {
      case ToolResult.Success<String> success -> success.value();
      case ToolResult.Failure<String> failure -> "failed: " + failure.failure();
    };
  }

  private static Throwable failure(ToolResult<String> result) {
    return switch (result) {
      case ToolResult.Success<String> success -> throw new AssertionError("it succeeded: " + success);
      case ToolResult.Failure<String> failure -> failure.failure();
    };
  }

  // Results

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

  // Order

  @Test
  void run_writeThenRead_readsTheNewValue() throws Exception {
    files.put("a", "old");

    assertThat(run(tools(read(), write()), "write a=new", "read a")).containsExactly("written", "new");
  }

  @Test
  void run_readThenWrite_readsTheOldValue() throws Exception {
    files.put("a", "old");

    assertThat(run(tools(read(), write()), "read a", "write a=new")).containsExactly("old", "written");
    assertThat(files).containsEntry("a", "new");
  }

  @Test
  void run_chainOfConflicts_keepsOrder() throws Exception {
    assertThat(run(tools(read(), write(), copy()), "write a=1", "copy a>b", "copy b>c", "copy c>d", "read d"))
        .last().isEqualTo("1");
  }

  @Test
  void run_manyWritesOfOnePath_runOneAfterTheOther() throws Exception {
    AtomicInteger local = new AtomicInteger();
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    ToolExecutor<String, String> tools = tools(Tool.<String, String>of("count", argument -> {
      assertThat(local.incrementAndGet()).isEqualTo(1);
      order.add(argument);
      linger(20);
      local.decrementAndGet();
      return argument;
    }));

    assertThat(run(tools, "count 1", "count 2", "count 3", "count 4", "count 5")).containsExactly("1", "2", "3", "4",
        "5");
    assertThat(order).containsExactly("1", "2", "3", "4", "5");
  }

  @ParameterizedTest
  @CsvSource({"a, a", "a/b, a", "a, a/b", "'', a", "a/b/c, ''"})
  void run_nestedPaths_readWaitsForWrite(String written, String seen) throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    Tool<String, String> write = Tool.<String, String>of("write", argument -> {
      linger(1_000);
      done.set(true);
      return "written";
    }).accessing(argument -> Access.writes(written));
    Tool<String, String> see = Tool.<String, String>of("see", argument -> done.get() ? "new" : "old")
        .accessing(argument -> Access.reads(seen));

    assertThat(run(tools(write, see), "write it", "see it")).containsExactly("written", "new");
  }

  @ParameterizedTest
  @CsvSource({"a, b", "a, ab", "a/b, a/c"})
  void run_separatePaths_readDoesNotWait(String written, String seen) throws Exception {
    CountDownLatch both = new CountDownLatch(2);
    Tool<String, String> write = Tool.<String, String>of("write", argument -> {
      Waits.together(both);
      return "written";
    }).accessing(argument -> Access.writes(written));
    Tool<String, String> see = Tool.<String, String>of("see", argument -> {
      Waits.together(both);
      return "seen";
    }).accessing(argument -> Access.reads(seen));

    assertThat(run(tools(write, see), "write it", "see it")).containsExactly("written", "seen");
  }

  @Test
  void run_noConflicts_runsInParallel() throws Exception {
    CountDownLatch all = new CountDownLatch(4);
    ToolExecutor<String, String> tools = tools(Tool.<String, String>of("meet", argument -> {
      Waits.together(all);
      return argument;
    }).accessing(argument -> Access.reads("the same").and(Access.writes(argument))));

    assertThat(run(tools, "meet 1", "meet 2", "meet 3", "meet 4")).containsExactly("1", "2", "3", "4");
  }

  @Test
  void run_differentPredecessors_waitsOnlyForOwn() throws Exception {
    CountDownLatch slow = new CountDownLatch(1);
    Tool<String, String> first = Tool.<String, String>of("first", argument -> {
      if (argument.equals("a")) {
        Waits.until(slow);
      }
      return argument;
    }).accessing(Access::writes);
    Tool<String, String> then = Tool.<String, String>of("then", argument -> {
      if (argument.equals("b")) {
        slow.countDown();
      }
      return "after " + argument;
    }).accessing(Access::reads);

    assertThat(run(tools(first, then), "first a", "first b", "then a", "then b")).containsExactly("a", "b", "after a",
        "after b");
  }

  @Test
  void run_undeclaredAccess_keepsOrderWithAll() throws Exception {
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    Tool.Handler<String, String> handler = argument -> {
      linger(100);
      order.add(argument);
      return argument;
    };

    run(tools(Tool.<String, String>of("reads", handler).accessing(Access::reads), Tool.of("anything", handler)),
        "reads 1", "anything 2", "reads 3");

    assertThat(order).containsExactly("1", "2", "3");
  }

  @Test
  void run_laneConcurrencyTwo_runsAtMostTwo() throws Exception {
    AtomicInteger local = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes(8, execute().concurrency(2)),
        List.of(independent("count", argument -> {
          most.accumulateAndGet(local.incrementAndGet(), Math::max);
          linger(50);
          local.decrementAndGet();
          return argument;
        })));

    assertThat(run(tools, "count 1", "count 2", "count 3", "count 4", "count 5", "count 6")).containsExactly("1", "2",
        "3", "4", "5", "6");
    assertThat(most).hasValueBetween(1, 2);
  }

  // Failures

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
    assertThat(results.subList(1, 4)).extracting(ToolExecutorTest::value).containsExactly("half written", "written",
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
    assertThat(results.get(2)).extracting(ToolExecutorTest::value).isEqualTo("1");
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
    assertThat(results.get(2)).extracting(ToolExecutorTest::value).isEqualTo("1");
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

  @SuppressWarnings("NullAway") // A careless tool returns null.
  private static String nothing() {
    return null;
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

  /** Runs a task that holds a permit of the lane until the test ends or the task is cancelled. */
  private Job<String> occupy(LaneExecutor lanes, String lane) throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    Job<String> job = lanes.submit(lane, Task.of(() -> {
      begun.countDown();
      never.await();
      return "occupies";
    }));
    Waits.until(begun);
    return job;
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

  private static <T> CompletableFuture<T> inBackground(Callable<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.ofPlatform().daemon().start(() -> {
      try {
        result.complete(work.call());
      } catch (Throwable e) {
        result.completeExceptionally(e);
      }
    });
    return result;
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

  // Batched tools

  /** A tool that returns its argument in upper case, if it consists of letters. */
  private static Tool<String, String> batched(BlockingQueue<List<String>> asked, Function<String, Access> access) {
    return Tool.<String, String>batched("many", arguments -> {
      asked.add(arguments);
      List<Callable<String>> answers = new ArrayList<>();
      for (String argument : arguments) {
        answers.add(() -> switch (argument) {
          case "?" -> throw new IllegalStateException("which?");
          case "0" -> nothing();
          default -> argument.toUpperCase(Locale.ROOT);
        });
      }
      return answers;
    }).accessing(access);
  }

  @Test
  void run_batchedTool_receivesAllReadyCalls() throws Exception {
    BlockingQueue<List<String>> asked = new LinkedBlockingQueue<>();
    ToolExecutor<String, String> tools = tools(batched(asked, argument -> Access.nothing()), read());

    assertThat(run(tools, "many a", "read x", "many b", "many c")).containsExactly("A", "nothing", "B", "C");

    assertThat(asked).containsExactly(List.of("a", "b", "c"));
    assertThat(run(tools, "many d", "many e")).containsExactly("D", "E");
    assertThat(asked).containsExactly(List.of("a", "b", "c"), List.of("d", "e"));
  }

  @Test
  void run_batchedToolWithConflicts_receivesOnlyReadyCalls() throws Exception {
    BlockingQueue<List<String>> asked = new LinkedBlockingQueue<>();
    ToolExecutor<String, String> tools = tools(batched(asked, Access::writes));

    assertThat(run(tools, "many a", "many b", "many a/x", "many b/x", "many a")).containsExactly("A", "B", "A/X",
        "B/X", "A");

    assertThat(asked).containsExactly(List.of("a", "b"), List.of("a/x", "b/x"), List.of("a"));
  }

  @Test
  void run_batchedToolSomeAnswersFail_failsOnlyThoseCalls() throws Exception {
    ToolExecutor<String, String> tools = tools(batched(new LinkedBlockingQueue<>(), argument -> Access.nothing()));

    List<ToolResult<String>> results = tools.run(calls("many a", "many ?", "many 0", "many b"));

    assertThat(results.getFirst()).isEqualTo(new ToolResult.Success<>("many a", "many", "A"));
    assertThat(failure(results.get(1))).hasMessage("which?");
    assertThat(failure(results.get(2))).isInstanceOf(NullPointerException.class);
    assertThat(results.getLast()).isEqualTo(new ToolResult.Success<>("many b", "many", "B"));
  }

  @Test
  void run_batchedToolAllAnswersFail_isADeadLetterWithEachFailure() throws Exception {
    LaneExecutor lanes = lanes();
    AtomicInteger runs = new AtomicInteger();
    Map<String, RuntimeException> thrown = Map.of("a", new IllegalStateException("no a"), "b",
        new IllegalStateException("no b"), "wrong", new ToolException("there is no such file"));
    Tool<String, String> many = Tool.<String, String>batched("many", arguments -> {
      runs.incrementAndGet();
      return arguments.stream().<Callable<String>>map(argument -> () -> {
        throw Objects.requireNonNull(thrown.get(argument));
      }).toList();
    }).lane("execute").accessing(argument -> Access.nothing());
    ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(many));

    assertThat(tools.run(calls("many a", "many b"))).extracting(ToolExecutorTest::failure)
        .containsExactly(thrown.get("a"), thrown.get("b"));
    assertThat(lanes.deadLetters()).singleElement()
        .satisfies(letter -> assertThat(letter.failures()).containsExactly(thrown.get("a")));

    assertThat(tools.run(calls("many a", "many wrong"))).extracting(ToolExecutorTest::failure)
        .containsExactly(thrown.get("a"), thrown.get("wrong"));
    assertThat(lanes.deadLetters()).hasSize(1);
    assertThat(runs).hasValue(2);
  }

  @Test
  void run_batchedToolTooFewAnswersOrThrows_failsAll() throws Exception {
    Tool<String, String> few = Tool.<String, String>batched("few", arguments -> List.of(() -> "only"))
        .accessing(argument -> Access.nothing());
    Tool<String, String> bad = Tool.<String, String>batched("bad", arguments -> {
      throw new IllegalStateException("no");
    }).accessing(argument -> Access.nothing());

    List<ToolResult<String>> results = tools(few, bad).run(calls("few 1", "few 2", "bad 3", "bad 4"));

    assertThat(results.subList(0, 2)).allSatisfy(result -> assertThat(failure(result))
        .isInstanceOf(IllegalStateException.class).hasMessageContaining("was given 2 calls and returned 1 answers"));
    assertThat(results.subList(2, 4)).allSatisfy(result -> assertThat(failure(result)).hasMessage("no"));
  }

  // External tools

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

    assertThat(Waits.get(results)).extracting(ToolExecutorTest::value).containsExactly("made", "made by a worker",
        "failed: java.lang.IllegalStateException: broken", "nothing");
  }

  // Where calls run

  /** A tool that records the threads on which it runs. */
  private static Tool<String, String> noting(List<Thread> threads) {
    return independent("quick", argument -> {
      threads.add(Thread.currentThread());
      return argument;
    });
  }

  /** Runs a quick tool until its calls run on this thread. */
  private static void runUntilHere(ToolExecutor<String, String> tools, List<Thread> threads, String... calls)
      throws InterruptedException {
    for (int i = 0; i < MOST_RUNS; i++) {
      threads.clear();
      run(tools, calls);
      if (threads.stream().allMatch(Thread.currentThread()::equals)) {
        return;
      }
    }
    throw new AssertionError("it never ran on the caller's thread");
  }

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

  /** Runs calls until one of them hangs on this thread. */
  private static List<ToolResult<String>> runUntilItHangs(ToolExecutor<String, String> tools, CountDownLatch hangs,
      String... calls) throws InterruptedException {
    for (int i = 0; i < MOST_RUNS; i++) {
      List<ToolResult<String>> results = tools.run(calls(calls));
      if (hangs.getCount() == 0) {
        return results;
      }
    }
    throw new AssertionError("it never ran on the caller's thread");
  }

  /** A quick tool that hangs until it is interrupted when it first runs on this thread. */
  private Tool<String, String> hangsHere(CountDownLatch hangs) {
    Thread caller = Thread.currentThread();
    return independent("moody", argument -> {
      if (Thread.currentThread().equals(caller) && hangs.getCount() > 0) {
        hangs.countDown();
        never.await();
      }
      return argument;
    });
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

  // Interrupted callers

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

  // Random lists

  /** A tree of names with the last value written to each. A path stands for all names below it. */
  private static final class Tree {

    private static final List<String> NAMES = List.of("a/x", "a/y", "ab", "b/x", "b/y/z");
    private static final List<String> PATHS = List.of("", "a", "a/x", "a/y", "ab", "b", "b/x", "b/y", "b/y/z");

    private final Map<String, String> written = new ConcurrentHashMap<>();

    private static List<String> below(String path) {
      return NAMES.stream().filter(name -> path.isEmpty() || name.equals(path) || name.startsWith(path + "/"))
          .toList();
    }

    String read(String path, int yields) {
      StringBuilder values = new StringBuilder();
      for (String name : below(path)) {
        values.append(written.getOrDefault(name, "-")).append(' ');
        linger(yields);
      }
      return values.toString();
    }

    void write(String path, String value, int yields) {
      for (String name : below(path)) {
        linger(yields);
        written.put(name, value);
      }
    }
  }

  /** The arguments of a tool in the random lists. */
  private record Work(Tree tree, String id, String from, String to, int yields) {

    Work in(Tree other) {
      return new Work(other, id, from, to, 0);
    }

    String read() {
      return tree.read(from, yields);
    }

    String write() {
      tree.write(to, id, yields);
      return id;
    }

    String copy() {
      String value = tree.read(from, yields);
      tree.write(to, id + "<" + Integer.toHexString(value.hashCode()), yields);
      return value;
    }

    String fail() {
      tree.write(to, id, yields);
      throw new IllegalStateException(id);
    }

    String perform(String tool) {
      try {
        return switch (tool) {
          case "read", "readMany" -> read();
          case "write" -> write();
          case "copy" -> copy();
          default -> fail();
        };
      } catch (IllegalStateException e) {
        return "failed: " + e;
      }
    }
  }

  private static ToolExecutor<Work, String> treeTools(LaneExecutor lanes) {
    Function<Work, Access> reads = work -> Access.reads(work.from());
    Function<Work, Access> writes = work -> Access.writes(work.to());
    return ToolExecutor.of(lanes, List.of(
        Tool.<Work, String>of("read", Work::read).lane("query").accessing(reads),
        Tool.<Work, String>batched("readMany", all -> {
          List<Callable<String>> answers = new ArrayList<>();
          all.forEach(work -> answers.add(work::read));
          return answers;
        }).lane("query").accessing(reads),
        Tool.<Work, String>of("write", Work::write).accessing(writes),
        Tool.<Work, String>of("copy", Work::copy).accessing(work -> reads.apply(work).and(writes.apply(work))),
        Tool.<Work, String>of("fail", Work::fail).accessing(writes)));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void run_randomListsOfSeveralThreads_matchSequentialResults(long seed) throws Exception {
    Lane query = Lane.of("query").concurrency(3);
    try (LaneExecutor lanes = LaneExecutor.builder().concurrency(5).lane(query).lane(Lane.of("execute")).build();
        ExecutorService callers = Executors.newFixedThreadPool(3)) {
      ToolExecutor<Work, String> shared = treeTools(lanes);
      List<Future<?>> all = new ArrayList<>();
      for (int caller = 0; caller < 3; caller++) {
        Random random = new Random(31 * seed + caller);
        String name = "seed " + seed + ", caller " + caller;
        all.add(callers.submit(() -> {
          Tree tree = new Tree();
          Tree reference = new Tree();
          for (int round = 0; round < 20; round++) {
            // The tools of a new executor are unknown, so their calls run in parallel.
            ToolExecutor<Work, String> tools = random.nextBoolean() ? shared : treeTools(lanes);
            List<ToolCall<Work>> calls = randomCalls(tree, random, round);
            List<String> expected = calls.stream().map(call -> call.arguments().in(reference).perform(call.tool()))
                .toList();

            List<ToolResult<String>> results = tools.run(calls);

            assertThat(results.stream().map(ToolExecutorTest::value).toList())
                .as("%s, round %s: %s", name, round, calls).isEqualTo(expected);
            assertThat(tree.written).as("%s, round %s: %s", name, round, calls).isEqualTo(reference.written);
          }
          return null;
        }));
      }
      for (Future<?> one : all) {
        one.get(60, TimeUnit.SECONDS);
      }
    }
  }

  private static List<ToolCall<Work>> randomCalls(Tree tree, Random random, int round) {
    List<String> tools = List.of("read", "read", "readMany", "readMany", "write", "write", "copy", "fail");
    List<ToolCall<Work>> calls = new ArrayList<>();
    int count = 1 + random.nextInt(14);
    for (int i = 0; i < count; i++) {
      String id = round + "." + i;
      String from = Tree.PATHS.get(random.nextInt(Tree.PATHS.size()));
      String to = Tree.PATHS.get(random.nextInt(Tree.PATHS.size()));
      calls.add(new ToolCall<>(id, tools.get(random.nextInt(tools.size())),
          new Work(tree, id, from, to, random.nextInt(30))));
    }
    return calls;
  }
}
