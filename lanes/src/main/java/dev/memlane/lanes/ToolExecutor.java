package dev.memlane.lanes;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs the tool calls that a model asks for, on the lanes of an executor.
 *
 * <pre>{@code
 * ToolExecutor<String, String> tools = ToolExecutor.of(lanes, List.of(readFile, writeFile));
 * List<ToolResult<String>> results = tools.run(List.of(new ToolCall<>("1", "read_file", "notes.txt")));
 * }</pre>
 *
 * <p>
 * <b>Order.</b> Calls that conflict, by what their tools say that they {@linkplain Access access}, keep their order: after a
 * call that writes a file, one that reads it sees what was written. A call that fails holds up nobody: what comes after it runs
 * as it would have. One that took too long counts as ended when it is interrupted, though it may be slow to give up. All others
 * may run at the same time. That holds within one list; what several threads run at the same time is theirs to keep in order.
 *
 * <p>
 * <b>Threads.</b> What a tool has cost so far decides where its calls run: on the caller's thread one after the other, as long
 * as handing them over would take longer than it saves; in parallel, on virtual threads, what takes long or is unknown. So a
 * list of quick calls is as quick as a loop over them, and a list of slow ones as quick as its slowest. Each
 * {@link LaneEvent.Submitted} says what was decided, and why. Wherever it runs, a call takes a place in its lane, and is
 * interrupted when it has taken as long as its lane allows. If it runs on the caller's thread, {@link #run} returns when it gives
 * up, and not before: tools should heed interrupts, as those do that wait on virtual threads; what reads a socket on a platform
 * thread doesn't, so that callers are better off on virtual ones.
 *
 * <p>
 * Safe for use by several threads. A tool should not run calls itself on the lane that it runs in: if all its places are taken
 * by tools that do, they wait for each other until their time is over.
 *
 * @param <A> what the tools' arguments are, such as parsed JSON
 * @param <R> what the tools' results are, such as text
 */
public final class ToolExecutor<A, R> {

  private final LaneExecutor lanes;
  private final Map<String, Tool<A, R>> tools = new LinkedHashMap<>();
  private final Costs costs;

  private ToolExecutor(LaneExecutor lanes, List<Tool<A, R>> tools) {
    this.lanes = lanes;
    for (Tool<A, R> tool : tools) {
      lanes.requireLane(tool.lane());
      if (this.tools.put(tool.name(), tool) != null) {
        throw new IllegalArgumentException("two tools are called " + tool.name());
      }
    }
    this.costs = new Costs(this.tools.keySet(), Runtime.getRuntime().availableProcessors());
  }

  /**
   * An executor of these tools.
   *
   * @param lanes stays the caller's to close
   * @throws IllegalArgumentException if two tools have one name, or one names a lane that there isn't
   */
  public static <A, R> ToolExecutor<A, R> of(LaneExecutor lanes, List<Tool<A, R>> tools) {
    return new ToolExecutor<>(lanes, tools);
  }

  /** The tools that there are, in the order given. */
  public List<Tool<A, R>> tools() {
    return List.copyOf(tools.values());
  }

  /**
   * Runs calls, and waits until all have ended.
   *
   * @return how each ended, in the order of the calls; one that could not be run is a {@link ToolResult.Failure} as well
   * @throws InterruptedException if this thread is interrupted while calls have not ended, which are cancelled then
   */
  public List<ToolResult<R>> run(List<ToolCall<A>> calls) throws InterruptedException {
    return new ToolRun<>(lanes, tools, costs, List.copyOf(calls)).results();
  }

  @Override
  public String toString() {
    return "ToolExecutor" + tools.keySet();
  }
}
