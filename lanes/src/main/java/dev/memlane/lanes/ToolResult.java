package dev.memlane.lanes;

/**
 * How a tool call ended.
 *
 * @param <R> what the tools' results are, such as text
 */
public sealed interface ToolResult<R> {

  /** The call's id. */
  String id();

  /** The tool's name. */
  String tool();

  record Success<R>(String id, String tool, R value) implements ToolResult<R> {}

  /**
   * @param failure what the tool threw; a {@link LaneException} if it was not run, or not to its end
   */
  record Failure<R>(String id, String tool, Throwable failure) implements ToolResult<R> {}
}
