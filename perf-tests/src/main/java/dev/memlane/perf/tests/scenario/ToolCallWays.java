package dev.memlane.perf.tests.scenario;

import dev.memlane.lanes.Access;
import dev.memlane.lanes.Lane;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.Tool;
import dev.memlane.lanes.ToolCall;
import dev.memlane.lanes.ToolExecutor;
import dev.memlane.lanes.ToolResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;

/**
 * One list of tool calls, run in several ways: by a loop, in lanes, on a pool, and by a polling dispatcher. Times are
 * in microseconds per list.
 */
final class ToolCallWays implements AutoCloseable {

  /** The most calls in progress, over all lanes. */
  static final int PERMITS = 16;
  /** The most calls in progress in the lane of the tools. */
  static final int CONCURRENCY = 12;

  private final LaneExecutor lanes = LaneExecutor.builder().concurrency(PERMITS)
      .lane(Lane.of("query").concurrency(CONCURRENCY)).build();
  private final ToolExecutor<Integer, String> tools;
  private final List<ToolCall<Integer>> calls = new ArrayList<>();
  private final List<Callable<String>> tasks;
  private final ToolWork work;

  ToolCallWays(ToolWork work, int calls) {
    this.work = work;
    this.tools = ToolExecutor.of(lanes, List.of(Tool.<Integer, String>of("work", number -> work.call()).lane("query")
        .accessing(number -> Access.nothing())));
    for (int i = 0; i < calls; i++) {
      this.calls.add(new ToolCall<>(Integer.toString(i), "work", i));
    }
    this.tasks = Collections.nCopies(calls, work::call);
  }

  double loop(int lists) throws Exception {
    long begun = System.nanoTime();
    for (int i = 0; i < lists; i++) {
      List<String> results = new ArrayList<>(calls.size());
      for (int call = 0; call < calls.size(); call++) {
        results.add(work.call());
      }
      require(results.size());
    }
    return micros(begun, lists);
  }

  double tools(int lists) throws Exception {
    long begun = System.nanoTime();
    for (int i = 0; i < lists; i++) {
      List<ToolResult<String>> results = tools.run(calls);
      for (ToolResult<String> result : results) {
        if (!(result instanceof ToolResult.Success)) {
          throw new IllegalStateException(result.toString());
        }
      }
      require(results.size());
    }
    return micros(begun, lists);
  }

  double pool(ExecutorService pool, int lists) throws Exception {
    long begun = System.nanoTime();
    for (int i = 0; i < lists; i++) {
      require(pool.invokeAll(tasks).size());
    }
    return micros(begun, lists);
  }

  double polling(PollingDispatcher polling, int lists) {
    long begun = System.nanoTime();
    for (int i = 0; i < lists; i++) {
      polling.runAll(tasks);
    }
    return micros(begun, lists);
  }

  private void require(int results) {
    if (results != calls.size()) {
      throw new IllegalStateException(calls.size() + " calls, " + results + " results");
    }
  }

  private static double micros(long begun, int lists) {
    return (System.nanoTime() - begun) / 1e3 / lists;
  }

  @Override
  public void close() {
    lanes.close();
  }
}
