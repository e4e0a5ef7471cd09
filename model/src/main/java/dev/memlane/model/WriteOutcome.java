package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/** What became of one operation, as its caller is told. */
public sealed interface WriteOutcome {

  /** One sentence for people: what happened, and what to do. */
  String describe();

  /** Whether what the caller asked for is so now: stored, deleted, or there already. */
  default boolean succeeded() {
    return this instanceof Stored || this instanceof Deleted || this instanceof DuplicateOf;
  }

  /** The add or update is in all three stores. */
  record Stored(Memory memory) implements WriteOutcome {
    @Override
    public String describe() {
      return "memory " + memory.id() + " is stored, version " + memory.version();
    }
  }

  /** The delete is in all three stores. */
  record Deleted(MemoryId id, OperationId op, int version) implements WriteOutcome {
    @Override
    public String describe() {
      return "memory " + id + " is deleted";
    }
  }

  /** Nothing of the operation remains in any store; a retry is safe. */
  record RolledBack(MemoryId id, OperationId op, Throwable cause, @Nullable StoreAnswers answers)
      implements
        WriteOutcome {
    @Override
    public String describe() {
      return "the write of memory " + id + " was rolled back, nothing of it remains and a retry is safe: "
          + cause.getMessage();
    }
  }

  /** The key, or the content where a scope holds each content once, is taken by this memory, which stays. */
  record DuplicateOf(Memory memory) implements WriteOutcome {
    @Override
    public String describe() {
      return "memory " + memory.id() + " is there already, under this key or with this content";
    }
  }

  /** Another state is there than the caller expected. */
  record Conflict(MemoryId id, @Nullable OperationId expected, @Nullable OperationId found) implements WriteOutcome {
    @Override
    public String describe() {
      return expected == null
          ? "memory " + id + " was changed by others each time this write began; nothing was written: try again"
          : "memory " + id + " is not in the state of operation " + expected + " any more, but in that of " + found
              + "; nothing was written: read it again and decide";
    }
  }

  /** It is deleted, as was asked for, and what is known of it could not be purged. */
  record Unpurged(MemoryId id, OperationId op, Throwable cause) implements WriteOutcome {
    @Override
    public String describe() {
      return "memory " + id + " is deleted, and what is known of it could not be erased; erase it again: "
          + cause.getMessage();
    }
  }

  /** There is no such memory. */
  record NotFound(MemoryId id) implements WriteOutcome {
    @Override
    public String describe() {
      return "there is no memory " + id;
    }
  }

  /** The memory, or the one under this key, was deleted. */
  record WasDeleted(MemoryId id, OperationId op) implements WriteOutcome {
    @Override
    public String describe() {
      return "memory " + id + " was deleted (operation " + op + "); nothing was written";
    }
  }

  /** Not begun: bad input, a text that could not be embedded, a full queue, or a closed store. */
  record Refused(String reason, @Nullable Throwable cause) implements WriteOutcome {
    @Override
    public String describe() {
      return "refused, nothing was written: " + reason;
    }
  }

  /** It can't be found out now whether it landed; it is settled behind. */
  record Unsettled(MemoryId id, OperationId op, Throwable cause, @Nullable StoreAnswers answers)
      implements
        WriteOutcome {
    @Override
    public String describe() {
      return "it is not known yet whether operation " + op + " of memory " + id
          + " landed; it is being settled: ask hasLanded(memory, operation) later: " + cause.getMessage();
    }
  }
}
