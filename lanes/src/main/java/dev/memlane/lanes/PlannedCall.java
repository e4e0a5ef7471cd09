package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A tool call of a list, with its position in the order of conflicting calls. Used by one thread.
 *
 * @see ToolRun
 */
final class PlannedCall<A, R> {

  private static final int LONGEST_NAME = 60;

  final ToolCall<A> request;
  /** Null if there is no such tool; then there is a result. */
  final @Nullable Tool<A, R> tool;
  private final Access access;
  /** How many calls have to end before it may begin. */
  int waitsFor;
  /** The calls that wait for this one to end. */
  final List<PlannedCall<A, R>> followers = new ArrayList<>(0);
  @Nullable
  ToolResult<R> result;

  private PlannedCall(ToolCall<A> request, @Nullable Tool<A, R> tool, Access access) {
    this.request = request;
    this.tool = tool;
    this.access = access;
  }

  /** Plans a call. It has failed if there is no such tool, or the tool cannot say what the call accesses. */
  static <A, R> PlannedCall<A, R> of(ToolCall<A> request, Map<String, Tool<A, R>> tools) {
    Tool<A, R> tool = tools.get(request.tool());
    if (tool == null) {
      PlannedCall<A, R> call = new PlannedCall<>(request, null, Access.nothing());
      call.fail(new LaneException.UnknownTool(
          "there is no tool " + shortened(request.tool()) + "; there are " + String.join(", ", tools.keySet())));
      return call;
    }
    try {
      return new PlannedCall<>(request, tool,
          Objects.requireNonNull(tool.access(request.arguments()), "a tool's access must not be null"));
    } catch (Throwable e) {
      // For example, the arguments cannot be parsed. It is unknown what the call would access, so it is not run.
      PlannedCall<A, R> call = new PlannedCall<>(request, tool, Access.nothing());
      call.fail(e);
      return call;
    }
  }

  /** A model writes the name, so it may be of any length. */
  private static String shortened(String name) {
    return name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME) + "...";
  }

  /** Lets the calls that conflict wait for each other, in the order of the list. */
  static <A, R> void order(List<PlannedCall<A, R>> calls) {
    for (int i = 1; i < calls.size(); i++) {
      PlannedCall<A, R> call = calls.get(i);
      boolean isOrdered = call.result != null;
      for (int before = i - 1; before >= 0 && !isOrdered; before--) {
        PlannedCall<A, R> earlier = calls.get(before);
        if (earlier.access.conflictsWith(call.access)) {
          earlier.followers.add(call);
          call.waitsFor++;
          // A call with access to everything waits for all calls before it.
          isOrdered = earlier.access.isEverything();
        }
      }
    }
  }

  void fail(Throwable failure) {
    result = new ToolResult.Failure<>(request.id(), request.tool(), failure);
  }
}
