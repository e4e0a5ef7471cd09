package dev.memlane.storage.tasks;

import java.time.Duration;
import java.util.UUID;

/**
 * A task that a worker outside this process has claimed.
 *
 * @param id of the claim; each attempt has another
 * @param attempt its number, from 1
 * @param payload JSON
 * @param lease the time until the task is taken back
 */
public record TaskClaim(String id, UUID task, String lane, String name, int attempt, String payload, Duration lease) {

  /** Leaves out the payload. */
  @Override
  public String toString() {
    return "TaskClaim[" + id + ", " + name + " in " + lane + "]";
  }
}
