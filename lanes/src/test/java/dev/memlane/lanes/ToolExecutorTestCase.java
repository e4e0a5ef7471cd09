package dev.memlane.lanes;

import dev.memlane.testing.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The tools and helpers that the tests of {@link ToolExecutor} share. */
abstract class ToolExecutorTestCase {

  static final Duration TIMEOUT = Duration.ofSeconds(5);
  /** How many runs of a quick tool it takes at most to learn that it is quick. */
  static final int MOST_RUNS = 10_000;

  @RegisterExtension
  final TestExecutors executors = new TestExecutors();
  final ManualScheduler time = executors.time;
  final BlockingQueue<LaneEvent> events = new LinkedBlockingQueue<>();
  final CountDownLatch never = new CountDownLatch(1);
  /** The values that the tools here read and write, by path. */
  final Map<String, String> files = new ConcurrentHashMap<>();

  @AfterEach
  void close() {
    never.countDown();
  }

  LaneExecutor lanes(int concurrency, Lane... lanes) {
    return executors.open(concurrency, lanes);
  }

  /** An executor of lane execute, which runs four tasks at a time. */
  LaneExecutor lanes() {
    return lanes(4, execute());
  }

  static Lane execute() {
    return Lane.of("execute").timeout(TIMEOUT).firstPause(Duration.ofSeconds(1));
  }

  @SafeVarargs
  @SuppressWarnings("varargs")
  final ToolExecutor<String, String> tools(Tool<String, String>... tools) {
    return ToolExecutor.of(lanes(), List.of(tools));
  }

  static Tool<String, String> independent(String name, Tool.Handler<String, String> handler) {
    return Tool.of(name, handler).accessing(arguments -> Access.nothing());
  }

  Tool<String, String> read() {
    return Tool.<String, String>of("read", path -> {
      linger(100);
      return files.getOrDefault(path, "nothing");
    }).accessing(path -> Access.reads(path));
  }

  /** A tool whose arguments are a path and the value to write. */
  Tool<String, String> write() {
    return Tool.<String, String>of("write", arguments -> {
      linger(100);
      String[] pathAndText = arguments.split("=", 2);
      files.put(pathAndText[0], pathAndText[1]);
      return "written";
    }).accessing(arguments -> Access.writes(arguments.split("=", 2)[0]));
  }

  /** A tool whose arguments are two paths. */
  Tool<String, String> copy() {
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
  static void linger(int times) {
    for (int i = 0; i < times; i++) {
      Thread.yield();
    }
  }

  /** Parses calls of the form {@code tool arguments}, which is the id as well. */
  static List<ToolCall<String>> calls(String... calls) {
    List<ToolCall<String>> all = new ArrayList<>();
    for (String call : calls) {
      String[] toolAndArguments = call.split(" ", 2);
      all.add(new ToolCall<>(call, toolAndArguments[0], toolAndArguments[1]));
    }
    return all;
  }

  static List<String> run(ToolExecutor<String, String> tools, String... calls) throws InterruptedException {
    return tools.run(calls(calls)).stream().map(ToolExecutorTestCase::value).toList();
  }

  static String value(ToolResult<String> result) {
    return switch (result) {
      case ToolResult.Success<String> success -> success.value();
      case ToolResult.Failure<String> failure -> "failed: " + failure.failure();
    };
  }

  static Throwable failure(ToolResult<String> result) {
    return switch (result) {
      case ToolResult.Success<String> success -> throw new AssertionError("it succeeded: " + success);
      case ToolResult.Failure<String> failure -> failure.failure();
    };
  }

  @SuppressWarnings("NullAway") // A careless tool returns null.
  static String nothing() {
    return null;
  }

  /** Runs a task that holds a permit of the lane until the test ends or the task is cancelled. */
  Job<String> occupy(LaneExecutor lanes, String lane) throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    Job<String> job = lanes.submit(lane, Task.of(() -> {
      begun.countDown();
      never.await();
      return "occupies";
    }));
    Waits.until(begun);
    return job;
  }

  static <T> CompletableFuture<T> inBackground(Callable<T> work) {
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

  /** A tool that returns its argument in upper case, if it consists of letters. */
  static Tool<String, String> batched(BlockingQueue<List<String>> asked, Function<String, Access> access) {
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

  /** A tool that records the threads on which it runs. */
  static Tool<String, String> noting(List<Thread> threads) {
    return independent("quick", argument -> {
      threads.add(Thread.currentThread());
      return argument;
    });
  }

  /** Runs a quick tool until its calls run on this thread. */
  static void runUntilHere(ToolExecutor<String, String> tools, List<Thread> threads, String... calls)
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

  /** Runs calls until one of them hangs on this thread. */
  static List<ToolResult<String>> runUntilItHangs(ToolExecutor<String, String> tools, CountDownLatch hangs,
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
  Tool<String, String> hangsHere(CountDownLatch hangs) {
    Thread caller = Thread.currentThread();
    return independent("moody", argument -> {
      if (Thread.currentThread().equals(caller) && hangs.getCount() > 0) {
        hangs.countDown();
        never.await();
      }
      return argument;
    });
  }
}
