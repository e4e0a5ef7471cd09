package dev.memlane.lanes;

import org.jspecify.annotations.Nullable;

/**
 * A failure of a {@link Tool} whose call cannot be carried out as requested. The result is a
 * {@link ToolResult.Failure}, and the call is neither retried nor kept as a dead letter. Thrown by a {@link Task}
 * that belongs to no tool, it is an ordinary failure. The message is meant for the model: what is wrong, and what it
 * can do.
 */
public final class ToolException extends RuntimeException {

  public ToolException(String message) {
    this(message, null);
  }

  public ToolException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
