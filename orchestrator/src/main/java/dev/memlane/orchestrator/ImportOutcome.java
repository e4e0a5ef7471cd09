package dev.memlane.orchestrator;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;

/** The outcome of restoring one archived memory. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, include = JsonTypeInfo.As.EXISTING_PROPERTY, property = "outcome")
@JsonSubTypes({@JsonSubTypes.Type(value = ImportOutcome.Restored.class, name = "restored"),
    @JsonSubTypes.Type(value = ImportOutcome.AlreadyThere.class, name = "alreadyThere"),
    @JsonSubTypes.Type(value = ImportOutcome.Different.class, name = "different"),
    @JsonSubTypes.Type(value = ImportOutcome.Failed.class, name = "failed"),
    @JsonSubTypes.Type(value = ImportOutcome.Unsettled.class, name = "unsettled")})
public sealed interface ImportOutcome {

  /** The outcome as one word, such as {@code alreadyThere}; in JSON the property {@code outcome}. */
  @JsonProperty("outcome")
  default String name() {
    return switch (this) {
      case Restored restored -> "restored";
      case AlreadyThere alreadyThere -> "alreadyThere";
      case Different different -> "different";
      case Failed failed -> "failed";
      case Unsettled unsettled -> "unsettled";
    };
  }

  MemoryId id();

  /** One sentence for human readers: what happened, and what to do. */
  String describe();

  /** Whether the memory exists now as it was archived. */
  default boolean succeeded() {
    return this instanceof Restored || this instanceof AlreadyThere;
  }

  /** The memory is in all three stores as it was archived, or deleted as it was archived. */
  record Restored(MemoryId id) implements ImportOutcome {
    @Override
    public String describe() {
      return "memory " + id + " is restored";
    }
  }

  /** The memory existed before, in the same state. */
  record AlreadyThere(MemoryId id) implements ImportOutcome {
    @Override
    public String describe() {
      return "memory " + id + " is there already, in the same state";
    }
  }

  /** The memory exists in another state, which stays. */
  record Different(MemoryId id, OperationId archived, OperationId found) implements ImportOutcome {
    @Override
    public String describe() {
      return "memory " + id + " is there in another state, that of operation " + found + " and not of " + archived
          + "; nothing was changed";
    }
  }

  /** The memory was certainly not restored; nothing of it was written. */
  record Failed(MemoryId id, @JsonIgnore Throwable cause) implements ImportOutcome {
    @JsonCreator
    static Failed read(@JsonProperty("id") MemoryId id, @JsonProperty("message") String message) {
      return new Failed(id, new StoreException(message, null));
    }

    @JsonProperty("message")
    String message() {
      return String.valueOf(cause.getMessage());
    }

    @Override
    public String describe() {
      return "memory " + id + " was not restored, nothing of it was written: " + cause.getMessage();
    }
  }

  /** It is not known whether the memory was restored, or the index has not followed yet. Importing it again completes it. */
  record Unsettled(MemoryId id, @JsonIgnore Throwable cause) implements ImportOutcome {
    @JsonCreator
    static Unsettled read(@JsonProperty("id") MemoryId id, @JsonProperty("message") String message) {
      return new Unsettled(id, new StoreException(message, null));
    }

    @JsonProperty("message")
    String message() {
      return String.valueOf(cause.getMessage());
    }

    @Override
    public String describe() {
      return "memory " + id + " may be restored, and searches may miss it yet: " + cause.getMessage()
          + ": import it again to be sure";
    }
  }
}
