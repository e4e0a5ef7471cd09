package dev.memlane.storage.tasks;

import dev.memlane.model.InvalidInputException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A task to submit. Immutable.
 *
 * @param name says what is to be done; 1 to {@value #LONGEST_NAME} characters. A handler or a worker knows it
 * @param payload what it is to be done with, as JSON of at most {@value #LONGEST_PAYLOAD} characters
 * @param idempotent whether running it twice has the same effect as running it once, so that it may be retried
 * @param within the time after its submission within which it has to be done; null for no deadline
 * @param key names the task, so that a repeated submission finds it instead of submitting it twice; null for none, at
 * most {@value #LONGEST_NAME} characters
 */
public record NewTask(String name, String payload, boolean idempotent, @Nullable Duration within,
    @Nullable String key) {

  /** The most characters of a name or a key. */
  public static final int LONGEST_NAME = 200;

  /** The most characters of a payload or a result. */
  public static final int LONGEST_PAYLOAD = 1_000_000;

  private static final Duration LONGEST_WITHIN = Duration.ofDays(3_650);

  /** @throws InvalidInputException if a value is out of its range, or the payload is no JSON */
  public NewTask {
    JsonText.requireShort("the task's name", name, LONGEST_NAME);
    JsonText.require("the payload", payload);
    if (within != null && (!within.isPositive() || within.compareTo(LONGEST_WITHIN) > 0)) {
      throw new InvalidInputException("within must be a positive duration of at most ten years");
    }
    if (key != null) {
      JsonText.requireShort("the task's key", key, LONGEST_NAME);
    }
  }

  /** A task that runs once, without a deadline and without a key. */
  public static NewTask of(String name, String payload) {
    return new NewTask(name, payload, false, null, null);
  }

  /** This task, declared idempotent or not. */
  public NewTask idempotent(boolean declared) {
    return new NewTask(name, payload, declared, within, key);
  }

  /** This task with another deadline; null for none. */
  public NewTask within(@Nullable Duration time) {
    return new NewTask(name, payload, idempotent, time, key);
  }

  /** This task with another key; null for none. */
  public NewTask key(@Nullable String other) {
    return new NewTask(name, payload, idempotent, within, other);
  }

  /** Leaves out the payload. */
  @Override
  public String toString() {
    return "NewTask[" + name + "]";
  }
}
