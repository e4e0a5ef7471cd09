package dev.memlane.storage.tasks;

/** What has become of a task that was submitted. */
public sealed interface Submission {

  /** It was accepted, and, in a durable lane, written down. */
  record Accepted(LaneTask task) implements Submission {}

  /** The same task was submitted under this key before. */
  record Duplicate(LaneTask task) implements Submission {}

  /** The key names another task; nothing was submitted. */
  record KeyTaken(LaneTask task) implements Submission {}

  /** The lane's queue is full; nothing was submitted. */
  record Full(String lane, int bound) implements Submission {}
}
