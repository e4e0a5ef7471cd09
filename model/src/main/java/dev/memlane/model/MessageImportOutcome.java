package dev.memlane.model;

/** The outcome of restoring one message of an archive. */
public enum MessageImportOutcome {
  /** The conversation has the message now, at its position. */
  RESTORED,
  /** The conversation had the message before, at its position. */
  ALREADY_THERE,
  /** The conversation has another message under this id or at this position, which stays; nothing was written. */
  DIFFERENT
}
