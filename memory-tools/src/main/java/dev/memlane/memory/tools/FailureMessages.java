package dev.memlane.memory.tools;

import dev.memlane.lanes.LaneException;
import dev.memlane.lanes.ToolException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.WriteOutcome;

/**
 * Messages for a model about failed calls: what happened and what the model can do. They reveal nothing of the system.
 */
final class FailureMessages {

  private FailureMessages() {}

  /**
   * Returns a {@link ToolException} for a failure that a retry cannot cure; any other failure is returned unchanged.
   */
  static RuntimeException translate(MemlaneException failure) {
    boolean permanent = switch (failure) {
      case InvalidInputException invalid -> true;
      case MemoryWriteException write -> isPermanent(write.outcome());
      default -> false;
    };
    return permanent ? new ToolException(describe(failure), failure) : failure;
  }

  /** Whether a retry of the same write would end in the same way. */
  static boolean isPermanent(WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.Refused refused -> refused.cause() instanceof InvalidInputException;
      case WriteOutcome.Conflict conflict -> true;
      case WriteOutcome.NotFound notFound -> true;
      case WriteOutcome.WasDeleted wasDeleted -> true;
      default -> false;
    };
  }

  /** Whether nothing was written for certain, and a later retry may succeed. */
  static boolean isTemporary(WriteOutcome outcome) {
    return outcome instanceof WriteOutcome.RolledBack
        || outcome instanceof WriteOutcome.Refused && !isPermanent(outcome);
  }

  static String describe(Throwable failure) {
    return switch (failure) {
      case ToolException said -> String.valueOf(said.getMessage());
      case InvalidInputException invalid -> String.valueOf(invalid.getMessage());
      case LaneException.UnknownTool unknown -> String.valueOf(unknown.getMessage());
      case MemoryWriteException write -> describe(write.outcome());
      case LaneException.Full full -> "too many calls are waiting already; nothing was done: try again later";
      case LaneException.ShutDown shutDown -> "the tools are being shut down; it was not done";
      case LaneException.TimedOut timedOut ->
        "it took too long; it may have been done all the same: check before you try again";
      case MemlaneException memlane -> "the memory cannot be reached at present; try again later";
      default ->
        "the tool itself failed, and not because of its arguments; it may have been done all the same: check before you try again";
    };
  }

  static String describe(WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.Refused refused -> refused.cause() instanceof InvalidInputException
          ? "nothing was written: " + refused.reason()
          : "nothing was written: the memory cannot store it at present; try again later";
      case WriteOutcome.RolledBack rolledBack -> "nothing was written, because a store failed: try again later";
      case WriteOutcome.Conflict conflict -> "memory " + conflict.id()
          + " has been changed since it was read; nothing was written: get it again, and decide";
      case WriteOutcome.NotFound notFound -> notFound.describe();
      case WriteOutcome.WasDeleted wasDeleted -> "nothing was written: memory " + wasDeleted.id()
          + ", or what was stored under this key, was deleted; add it without a key, or under another one";
      case WriteOutcome.Unsettled unsettled -> "it is not known yet whether memory " + unsettled.id()
          + " was written: get it in a while, before trying again";
      case WriteOutcome.Unpurged unpurged -> "memory " + unpurged.id() + " is deleted; its history is still there";
      case WriteOutcome.Stored stored -> stored.describe();
      case WriteOutcome.Replaced replaced -> replaced.describe();
      case WriteOutcome.Deleted deleted -> deleted.describe();
      case WriteOutcome.DuplicateOf duplicate -> duplicate.describe();
    };
  }
}
