package dev.memlane.lanes;

import org.jspecify.annotations.Nullable;

/**
 * Thrown by a {@link Tool} whose call can't be done as it was asked: its result is a {@link ToolResult.Failure}, and it is neither tried
 * again nor kept as a dead letter; thrown by a {@link Task} that is no tool's, it is a failure as any other. The message is meant for the model that asked: what is wrong, and what it can do.
 */
public final class ToolException extends RuntimeException {

  public ToolException(String message) {
    this(message, null);
  }

  public ToolException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
