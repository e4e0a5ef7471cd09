package dev.memlane.model;

import java.util.Objects;

/** What a store answered to its part of an operation. A branch always ends in one of these, never in an exception. */
public sealed interface StoreResult {

  /** Done, and it stays done. */
  record Applied(Receipt receipt) implements StoreResult {
    public Applied {
      Objects.requireNonNull(receipt, "receipt");
    }
  }

  /** Certainly not done, now or later. */
  record NotApplied(Throwable cause) implements StoreResult {
    public NotApplied {
      Objects.requireNonNull(cause, "cause");
    }
  }

  /** Done or not done, or still to be done: a time-out, a connection lost around commit. */
  record InDoubt(Throwable cause) implements StoreResult {
    public InDoubt {
      Objects.requireNonNull(cause, "cause");
    }
  }
}
