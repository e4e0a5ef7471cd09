package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.jspecify.annotations.Nullable;

/** The outcome of one operation, as reported to its caller. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, include = JsonTypeInfo.As.EXISTING_PROPERTY, property = "outcome")
@JsonSubTypes({@JsonSubTypes.Type(value = WriteOutcome.Stored.class, name = "stored"),
    @JsonSubTypes.Type(value = WriteOutcome.Replaced.class, name = "replaced"),
    @JsonSubTypes.Type(value = WriteOutcome.Deleted.class, name = "deleted"),
    @JsonSubTypes.Type(value = WriteOutcome.RolledBack.class, name = "rolledBack"),
    @JsonSubTypes.Type(value = WriteOutcome.DuplicateOf.class, name = "duplicate"),
    @JsonSubTypes.Type(value = WriteOutcome.Conflict.class, name = "conflict"),
    @JsonSubTypes.Type(value = WriteOutcome.Unpurged.class, name = "unpurged"),
    @JsonSubTypes.Type(value = WriteOutcome.NotFound.class, name = "notFound"),
    @JsonSubTypes.Type(value = WriteOutcome.WasDeleted.class, name = "wasDeleted"),
    @JsonSubTypes.Type(value = WriteOutcome.Refused.class, name = "refused"),
    @JsonSubTypes.Type(value = WriteOutcome.Unsettled.class, name = "unsettled")})
public sealed interface WriteOutcome {

  /**
   * The kind of outcome in one word: {@code stored}, {@code duplicate}, {@code rolledBack}... In JSON it is the
   * property {@code outcome}, by which readers tell the kinds apart.
   */
  @JsonProperty("outcome")
  default String name() {
    return switch (this) {
      case Stored stored -> "stored";
      case Replaced replaced -> "replaced";
      case Deleted deleted -> "deleted";
      case RolledBack rolledBack -> "rolledBack";
      case DuplicateOf duplicateOf -> "duplicate";
      case Conflict conflict -> "conflict";
      case Unpurged unpurged -> "unpurged";
      case NotFound notFound -> "notFound";
      case WasDeleted wasDeleted -> "wasDeleted";
      case Refused refused -> "refused";
      case Unsettled unsettled -> "unsettled";
    };
  }

  /** One sentence for people: what happened, and what to do. */
  String describe();

  /** Whether the caller's request is fulfilled now: stored, replaced, deleted, or there already. */
  default boolean succeeded() {
    return this instanceof Stored || this instanceof Replaced || this instanceof Deleted || this instanceof DuplicateOf;
  }

  /** The add, update or put is in all three stores. After a put, the memory is new, or back after its deletion. */
  record Stored(Memory memory) implements WriteOutcome {
    @Override
    public String describe() {
      return "memory " + memory.id() + " is stored, version " + memory.version();
    }
  }

  /** The put is in all three stores. There was another state under the key, which is replaced whole. */
  record Replaced(Memory memory) implements WriteOutcome {
    @Override
    public String describe() {
      return "memory " + memory.id() + " is replaced, version " + memory.version();
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
  record RolledBack(MemoryId id, OperationId op, @JsonIgnore Throwable cause, @Nullable StoreResults answers)
      implements
        WriteOutcome {
    @JsonCreator
    static RolledBack read(@JsonProperty("id") MemoryId id, @JsonProperty("op") OperationId op,
        @JsonProperty("message") @Nullable String message, @JsonProperty("answers") @Nullable StoreResults answers) {
      return new RolledBack(id, op, Causes.read(message), answers);
    }

    @JsonProperty("message")
    String message() {
      return Causes.message(cause);
    }

    @Override
    public String describe() {
      return "the write of memory " + id + " was rolled back, nothing of it remains and a retry is safe: "
          + cause.getMessage();
    }
  }

  /**
   * This memory already has the key, or the content where a scope holds each content once; it is unchanged. After a put, it is
   * exactly what was put.
   */
  record DuplicateOf(Memory memory) implements WriteOutcome {
    @Override
    public String describe() {
      return "memory " + memory.id() + " is there already, under this key or with this content";
    }
  }

  /** The memory is in another state than the caller expected. */
  record Conflict(MemoryId id, @Nullable OperationId expected, @Nullable OperationId found) implements WriteOutcome {
    @Override
    public String describe() {
      return expected == null
          ? "memory " + id + " was changed by others each time this write began; nothing was written: try again"
          : "memory " + id + " is no longer in the state of operation " + expected + ", but in that of " + found
              + "; nothing was written: read it again and decide";
    }
  }

  /** The memory is deleted as requested, but its history could not be purged. */
  record Unpurged(MemoryId id, OperationId op, @JsonIgnore Throwable cause) implements WriteOutcome {
    @JsonCreator
    static Unpurged read(@JsonProperty("id") MemoryId id, @JsonProperty("op") OperationId op,
        @JsonProperty("message") @Nullable String message) {
      return new Unpurged(id, op, Causes.read(message));
    }

    @JsonProperty("message")
    String message() {
      return Causes.message(cause);
    }

    @Override
    public String describe() {
      return "memory " + id + " is deleted, but its history could not be erased; erase it again: "
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

  /** The write did not begin: bad input, a text that could not be embedded, a full queue, or a closed store. */
  record Refused(String reason, @JsonIgnore @Nullable Throwable cause) implements WriteOutcome {
    @JsonCreator
    static Refused read(@JsonProperty("reason") String reason, @JsonProperty("message") @Nullable String message) {
      return new Refused(reason, message == null ? null : Causes.read(message));
    }

    @JsonProperty("message")
    @Nullable
    String message() {
      return cause == null ? null : Causes.message(cause);
    }

    @Override
    public String describe() {
      return "refused, nothing was written: " + reason;
    }
  }

  /** It can't be found out now whether the operation landed; it is settled in the background. */
  record Unsettled(MemoryId id, OperationId op, @JsonIgnore Throwable cause, @Nullable StoreResults answers)
      implements
        WriteOutcome {
    @JsonCreator
    static Unsettled read(@JsonProperty("id") MemoryId id, @JsonProperty("op") OperationId op,
        @JsonProperty("message") @Nullable String message, @JsonProperty("answers") @Nullable StoreResults answers) {
      return new Unsettled(id, op, Causes.read(message), answers);
    }

    @JsonProperty("message")
    String message() {
      return Causes.message(cause);
    }

    @Override
    public String describe() {
      return "it is not known yet whether operation " + op + " of memory " + id
          + " landed; it is being settled: ask hasLanded(memory, operation) later: " + cause.getMessage();
    }
  }
}
