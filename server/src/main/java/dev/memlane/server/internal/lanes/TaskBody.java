package dev.memlane.server.internal.lanes;

import dev.memlane.model.InvalidInputException;
import dev.memlane.storage.tasks.NewTask;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A new task in the body of a request.
 *
 * @param payload any JSON; null if it is absent
 * @param idempotent whether it may run twice; not, if it is absent
 * @param within the time in which it has to be done
 */
record TaskBody(@Nullable String name, @Nullable RawJson payload, @Nullable Boolean idempotent,
    @Nullable Duration within, @Nullable String key) {

  /**
   * @param header the header {@code Idempotency-Key}, which is another way to say the key; null if it is absent
   * @throws InvalidInputException if a value is missing or out of its range
   */
  NewTask toTask(@Nullable String header) {
    if (name == null) {
      throw new InvalidInputException("the task has no name");
    }
    if (key != null && header != null && !key.equals(header)) {
      throw new InvalidInputException("the header Idempotency-Key and the property key differ; send one of them");
    }
    return new NewTask(name, payload == null ? "null" : payload.text(), idempotent != null && idempotent, within,
        key == null ? header : key);
  }
}
