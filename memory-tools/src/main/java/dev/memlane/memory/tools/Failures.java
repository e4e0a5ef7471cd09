package dev.memlane.memory.tools;

import dev.memlane.lanes.LaneException;
import dev.memlane.lanes.ToolException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.WriteOutcome;

/** What a model is told of a call that failed: what happened and what it can do, and nothing of the machine below. */
final class Failures {

  private Failures() {}

  /** What can't be done as it was asked, and trying again wouldn't change; the failure itself if it is another one. */
  static RuntimeException asAsked(MemlaneException failure) {
    boolean lasting = switch (failure) {
      case InvalidInputException invalid -> true;
      case MemoryWriteException write -> isLasting(write.outcome());
      default -> false;
    };
    return lasting ? new ToolException(describe(failure), failure) : failure;
  }

  /** Whether asking again for the same would have no other outcome. */
  static boolean isLasting(WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.Refused refused -> refused.cause() instanceof InvalidInputException;
      case WriteOutcome.Conflict conflict -> true;
      case WriteOutcome.NotFound notFound -> true;
      case WriteOutcome.WasDeleted wasDeleted -> true;
      default -> false;
    };
  }

  /** Whether it is certain that nothing was written, and the same may be written later. */
  static boolean isForNow(WriteOutcome outcome) {
    return outcome instanceof WriteOutcome.RolledBack
        || outcome instanceof WriteOutcome.Refused && !isLasting(outcome);
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
        "it took too long; it may have been done all the same: look, before trying again";
      case MemlaneException memlane -> "the memory can't be reached just now; try again later";
      default ->
        "the tool itself failed, whatever it was asked; it may have been done all the same: look, before trying again";
    };
  }

  static String describe(WriteOutcome outcome) {
    return switch (outcome) {
      case WriteOutcome.Refused refused -> refused.cause() instanceof InvalidInputException
          ? "nothing was written: " + refused.reason()
          : "nothing was written: the memory can't take it just now; try again later";
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
      case WriteOutcome.Deleted deleted -> deleted.describe();
      case WriteOutcome.DuplicateOf duplicate -> duplicate.describe();
    };
  }
}
