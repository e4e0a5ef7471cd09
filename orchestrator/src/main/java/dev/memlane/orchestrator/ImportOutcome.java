package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;

/** What became of one archived memory that was to come back. */
public sealed interface ImportOutcome {

  MemoryId id();

  /** One sentence for people: what happened, and what to do. */
  String describe();

  /** Whether the memory is there now, as it was. */
  default boolean succeeded() {
    return this instanceof Restored || this instanceof AlreadyThere;
  }

  /** It is in all three stores, as it was; or deleted, as it was. */
  record Restored(MemoryId id) implements ImportOutcome {
    @Override
    public String describe() {
      return "memory " + id + " is restored";
    }
  }

  /** It was in the same state before. */
  record AlreadyThere(MemoryId id) implements ImportOutcome {
    @Override
    public String describe() {
      return "memory " + id + " is there already, in the same state";
    }
  }

  /** Another state of it is there, which stays. */
  record Different(MemoryId id, OperationId archived, OperationId found) implements ImportOutcome {
    @Override
    public String describe() {
      return "memory " + id + " is there in another state, that of operation " + found + " and not of " + archived
          + "; nothing was changed";
    }
  }

  /** It certainly did not come back; nothing of it was written. */
  record Failed(MemoryId id, Throwable cause) implements ImportOutcome {
    @Override
    public String describe() {
      return "memory " + id + " was not restored, nothing of it was written: " + cause.getMessage();
    }
  }

  /** It isn't known whether it came back, or the index has not followed yet. Importing it again finds out and goes on. */
  record Unsettled(MemoryId id, Throwable cause) implements ImportOutcome {
    @Override
    public String describe() {
      return "memory " + id + " may be restored, and searches may miss it yet: " + cause.getMessage()
          + ": import it again to be sure";
    }
  }
}
