package dev.memlane.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The result of one store's part of an operation. A part always ends with one of these, never with an exception. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "result")
@JsonSubTypes({@JsonSubTypes.Type(value = StoreResult.Applied.class, name = "applied"),
    @JsonSubTypes.Type(value = StoreResult.NotApplied.class, name = "notApplied"),
    @JsonSubTypes.Type(value = StoreResult.InDoubt.class, name = "inDoubt")})
public sealed interface StoreResult {

  /**
   * Combines the results of core's and history's part of one unit into the unit's result.
   *
   * <p>
   * Both parts run in one transaction, so they share their fate, and core's part decides it: it compares the stamp, and
   * history only follows what core did. Hence the rule, in this order:
   * <ol>
   * <li>Core did not apply its part: the unit is not applied, whatever history reports. (History's part of a sweep has
   * nothing to refuse and reports applied.)
   * <li>Either part is in doubt: the unit is in doubt.
   * <li>Core applied its part and history did not: one transaction cannot end like this, so one of the reports is
   * wrong, and the unit is in doubt until the log is asked.
   * <li>Both applied their parts: the unit is applied, with core's receipt.
   * </ol>
   *
   * <p>
   * The rule is not for a unit that fences and looks, because its two parts answer two different questions.
   *
   * @param core the result of core's part
   * @param history the result of history's part
   * @return one of the two, or {@link InDoubt} with history's cause where they contradict each other
   */
  static StoreResult ofUnit(StoreResult core, StoreResult history) {
    return switch (core) {
      case NotApplied notApplied -> notApplied;
      case InDoubt inDoubt -> inDoubt;
      case Applied applied -> switch (history) {
        case Applied alsoApplied -> applied;
        case InDoubt inDoubt -> inDoubt;
        case NotApplied contradiction -> new InDoubt(contradiction.cause());
      };
    };
  }

  /** Why the part is not applied or in doubt; null if it is applied. */
  @Nullable
  Throwable cause();

  /** Done, and it stays done. */
  record Applied(Receipt receipt) implements StoreResult {
    public Applied {
      Objects.requireNonNull(receipt, "receipt");
    }

    /** {@inheritDoc} Always null. */
    @Override
    public @Nullable Throwable cause() {
      return null;
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

  /** Done, not done, or still to be done; for example after a time-out or a connection lost around the commit. */
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
