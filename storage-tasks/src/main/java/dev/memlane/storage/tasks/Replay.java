package dev.memlane.storage.tasks;

import java.util.UUID;

/** What has become of a dead letter that was to be replayed. */
public sealed interface Replay {

  /** Its task waits again, under the same id. */
  record Replayed(UUID task) implements Replay {}

  /** There is no such dead letter. */
  record Unknown() implements Replay {}

  /** Its task was not durable, and the process that knew it has ended. */
  record NotReplayable() implements Replay {}

  /** The lane's queue is full, or there is no such lane any more; it stays a dead letter. */
  record Refused(String reason) implements Replay {}
}
