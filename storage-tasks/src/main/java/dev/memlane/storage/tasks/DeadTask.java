package dev.memlane.storage.tasks;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * A dead letter: a task that has failed for good.
 *
 * @param failures why each attempt failed, oldest first
 * @param at when it failed for good
 * @param replayable whether it can be run again. A task that is not durable can be as long as its process lives
 */
public record DeadTask(UUID id, String lane, String name, List<String> failures, Instant at, boolean replayable) {

  public DeadTask {
    failures = List.copyOf(failures);
  }
}
