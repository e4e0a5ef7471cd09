package dev.memlane.lanes;

/**
 * The outcome of a tool call.
 *
 * @param <R> the type of the tools' results, for example text
 */
public sealed interface ToolResult<R> {

  /** The call's id. */
  String id();

  /** The tool's name. */
  String tool();

  record Success<R>(String id, String tool, R value) implements ToolResult<R> {}

  /**
   * @param failure what the tool threw; a {@link LaneException} if the call was not run, or not to its end
   */
  record Failure<R>(String id, String tool, Throwable failure) implements ToolResult<R> {}
}
