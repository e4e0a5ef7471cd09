package dev.memlane.perf.tests.scenario;

import dev.memlane.perf.tests.Bench;
import dev.memlane.perf.tests.Scenario;

/**
 * Tasks and tool calls in lanes: no-op tasks against bare virtual threads, and lists of tool calls against a loop, a
 * fixed pool and a polling dispatcher.
 */
public final class LanesScenario implements Scenario {

  @Override
  public String name() {
    return "lanes";
  }

  @Override
  public String title() {
    return "no-op tasks against bare virtual threads; lists of tool calls against a loop, a fixed pool, and a dispatcher"
        + " that polls";
  }

  @Override
  public void run(Bench bench) throws Exception {
    NoOpTasks.measure(bench);
    ToolCallLists.measure(bench);
  }
}
