package dev.memlane.lanes;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An executor of a model's tool calls, on the lanes of a {@link LaneExecutor}.
 *
 * <pre>{@code
 * ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(readFile, writeFile));
 * List<ToolResult<String>> results = tools.run(List.of(new ToolCall<>("1", "read_file", "notes.txt")));
 * }</pre>
 *
 * <p>
 * <b>Order.</b> Calls that conflict, according to the {@link Access} that their tools declare, keep their order:
 * after a call that writes a file, a call that reads it sees what was written. All other calls may run at the same
 * time. A call that fails does not stop the calls after it. A call that took too long counts as ended when it is
 * interrupted, though it may be slow to stop. This holds within one list. Lists that several threads run at the same
 * time are not ordered.
 *
 * <p>
 * <b>Threads.</b> The measured cost of a tool decides where its calls run. Quick calls run on the caller's thread one
 * after the other, while handing them over would cost more than it saves. Slow and unknown calls run in parallel on
 * virtual threads. So a list of quick calls is as quick as a loop over them, and a list of slow calls as quick as the
 * slowest. {@link LaneEvent.Submitted} carries the decision and its reason. Wherever a call runs, it needs a permit
 * of its lane, and is interrupted when it has taken as long as its lane allows. If it runs on the caller's thread,
 * {@link #run} returns only when it stops. Tools should therefore respond to interrupts. Waiting on a virtual thread
 * does, but reading a socket on a platform thread does not, so call {@link #run} on virtual threads.
 *
 * <p>
 * Safe for use by several threads. A tool should not run calls on its own lane: if tools that do so hold all permits
 * of the lane, they wait for each other until they time out.
 *
 * @param <A> the type of the tools' arguments, for example parsed JSON
 * @param <R> the type of the tools' results, for example text
 */
public final class ToolExecutor<A, R> {

  private final LaneExecutor lanes;
  private final Map<String, Tool<A, R>> tools = new LinkedHashMap<>();
  private final CostModel costs;

  private ToolExecutor(LaneExecutor lanes, List<Tool<A, R>> tools) {
    this.lanes = lanes;
    for (Tool<A, R> tool : tools) {
      lanes.requireLane(tool.lane());
      if (this.tools.put(tool.name(), tool) != null) {
        throw new IllegalArgumentException("two tools are called " + tool.name());
      }
    }
    this.costs = new CostModel(this.tools.keySet(), Runtime.getRuntime().availableProcessors());
  }

  /**
   * An executor of these tools.
   *
   * @param lanes is closed by the caller
   * @throws IllegalArgumentException if two tools have the same name, or the lane of a tool does not exist
   */
  public static <A, R> ToolExecutor<A, R> of(LaneExecutor lanes, List<Tool<A, R>> tools) {
    return new ToolExecutor<>(lanes, tools);
  }

  /** The tools, in the order in which they were given. */
  public List<Tool<A, R>> tools() {
    return List.copyOf(tools.values());
  }

  /**
   * Runs calls, and waits until all have ended.
   *
   * @return the outcome of each call, in the order of the calls; a call that could not be run is a
   * {@link ToolResult.Failure} as well
   * @throws InterruptedException if this thread is interrupted before all calls have ended; the others are cancelled
   */
  public List<ToolResult<R>> run(List<ToolCall<A>> calls) throws InterruptedException {
    return new ToolRun<>(lanes.intake(), tools, costs, List.copyOf(calls)).results();
  }

  @Override
  public String toString() {
    return "ToolExecutor" + tools.keySet();
  }
}
