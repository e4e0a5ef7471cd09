package dev.memlane.lanes;

import org.jspecify.annotations.Nullable;

/** A failure of a task that was not run, or not to its end. The message says what to do. */
public abstract sealed class LaneException extends RuntimeException {

  private LaneException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** The queue of the lane was full, and nothing was run. */
  public static final class Full extends LaneException {
    Full(String message) {
      super(message, null);
    }
  }

  /** An attempt ran longer than its lane allows, or the deadline passed. The attempt was interrupted. */
  public static final class TimedOut extends LaneException {
    TimedOut(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** The executor was shut down before the task was done. */
  public static final class ShutDown extends LaneException {
    ShutDown(String message) {
      super(message, null);
    }
  }

  /** A call named a tool that does not exist. */
  public static final class UnknownTool extends LaneException {
    UnknownTool(String message) {
      super(message, null);
    }
  }
}
