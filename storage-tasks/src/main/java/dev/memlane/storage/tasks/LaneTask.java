package dev.memlane.storage.tasks;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A task as it is now.
 *
 * @param attempt how many attempts have begun
 * @param deadline null for none
 * @param startedAt when its last attempt began; null before the first one
 * @param endedAt null until it has ended
 * @param result JSON; null unless it is done
 * @param failures why its attempts failed, oldest first, as far as it was written down
 */
public record LaneTask(UUID id, String lane, String name, boolean durable, boolean idempotent, TaskState state,
    int attempt, Instant submittedAt, @Nullable Instant deadline, @Nullable Instant startedAt,
    @Nullable Instant endedAt, @Nullable String result, List<String> failures) {

  public LaneTask {
    failures = List.copyOf(failures);
  }

  /** Leaves out the result. */
  @Override
  public String toString() {
    return "LaneTask[" + id + ", " + name + " in " + lane + ", " + state + "]";
  }
}
