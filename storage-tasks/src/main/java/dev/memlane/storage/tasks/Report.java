package dev.memlane.storage.tasks;

/** What has become of a worker's report. */
public sealed interface Report {

  /** It was in time, and is written down. */
  record Recorded(LaneTask task) implements Report {}

  /** The claim was over before, and nothing has changed: the worker should stop. */
  record ClaimOver() implements Report {}
}
