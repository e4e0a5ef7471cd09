package dev.memlane.lanes;

import org.jspecify.annotations.Nullable;

/** Why a task has no result of its own: it wasn't run, or not to its end. The message says what to do. */
public abstract sealed class LaneException extends RuntimeException {

  private LaneException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** Its lane had as many waiting as it may: nothing was run. */
  public static final class Full extends LaneException {
    Full(String message) {
      super(message, null);
    }
  }

  /** An attempt ran longer than its lane allows, or the deadline passed; what it was doing has been interrupted. */
  public static final class TimedOut extends LaneException {
    TimedOut(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** The executor has been shut down before it was done. */
  public static final class ShutDown extends LaneException {
    ShutDown(String message) {
      super(message, null);
    }
  }

  /** A call named a tool that there isn't. */
  public static final class UnknownTool extends LaneException {
    UnknownTool(String message) {
      super(message, null);
    }
  }
}
