package dev.memlane.model.listen;

import dev.memlane.model.WriteOutcome;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The end of an operation.
 *
 * @param result the {@link WriteOutcome} of a write, or what the caller gets from another operation; holds texts and
 * ids of users. Null if it failed
 * @param failure why the call failed; null if it did not. A write of one memory always has an outcome instead
 * @param duration the time since the begin
 */
public record OperationEnd(OperationType type, @Nullable Object result, @Nullable Throwable failure,
    Duration duration) {

  /** The outcome in one word: {@link WriteOutcome#name} for the write of one memory; otherwise completed or failed. */
  public String outcome() {
    return result instanceof WriteOutcome outcome ? outcome.name() : failure == null ? "completed" : "failed";
  }

  /** Why the operation did not do what its caller asked for; null if it did, or if the outcome has no cause. */
  public @Nullable Throwable cause() {
    return switch (result) {
      case WriteOutcome.RolledBack rolledBack -> rolledBack.cause();
      case WriteOutcome.Unsettled unsettled -> unsettled.cause();
      case WriteOutcome.Refused refused -> refused.cause();
      case WriteOutcome.Unpurged unpurged -> unpurged.cause();
      case null, default -> failure;
    };
  }

  /** Leaves the result out, because it may hold texts. */
  @Override
  public String toString() {
    return "OperationEnd[" + type + ", " + outcome() + ", " + duration + "]";
  }
}
