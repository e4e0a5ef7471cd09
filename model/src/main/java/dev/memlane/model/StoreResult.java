package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a store answered to its part of an operation. A branch always ends in one of these, never in an exception. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "result")
@JsonSubTypes({@JsonSubTypes.Type(value = StoreResult.Applied.class, name = "applied"),
    @JsonSubTypes.Type(value = StoreResult.NotApplied.class, name = "notApplied"),
    @JsonSubTypes.Type(value = StoreResult.InDoubt.class, name = "inDoubt")})
public sealed interface StoreResult {

  /** Done, and it stays done. */
  record Applied(Receipt receipt) implements StoreResult {
    public Applied {
      Objects.requireNonNull(receipt, "receipt");
    }
  }

  /** Certainly not done, now or later. */
  record NotApplied(@JsonIgnore Throwable cause) implements StoreResult {
    public NotApplied {
      Objects.requireNonNull(cause, "cause");
    }

    @JsonCreator
    static NotApplied read(@JsonProperty("message") @Nullable String message) {
      return new NotApplied(Causes.read(message));
    }

    @JsonProperty("message")
    String message() {
      return Causes.message(cause);
    }
  }

  /** Done or not done, or still to be done: a time-out, a connection lost around commit. */
  record InDoubt(@JsonIgnore Throwable cause) implements StoreResult {
    public InDoubt {
      Objects.requireNonNull(cause, "cause");
    }

    @JsonCreator
    static InDoubt read(@JsonProperty("message") @Nullable String message) {
      return new InDoubt(Causes.read(message));
    }

    @JsonProperty("message")
    String message() {
      return Causes.message(cause);
    }
  }
}
