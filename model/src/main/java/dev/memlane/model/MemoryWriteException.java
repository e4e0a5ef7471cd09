package dev.memlane.model;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A write did not succeed. The exception carries the outcome, which says what is true now, and each store's result.
 */
public final class MemoryWriteException extends MemlaneException {

  private final transient WriteOutcome outcome;

  public MemoryWriteException(WriteOutcome outcome, @Nullable Throwable cause) {
    super(outcome.describe(), cause);
    this.outcome = Objects.requireNonNull(outcome, "outcome");
  }

  /** The outcome of the operation. */
  public WriteOutcome outcome() {
    return outcome;
  }

  @Override
  public MemoryWriteException copy() {
    return new MemoryWriteException(outcome, this);
  }
}
