package dev.memlane.orchestrator;

/** The treatment of an archived memory that contradicts itself because it was edited in the file. */
public enum Edits {
  /** The memory is not restored, and its outcome describes the contradiction. */
  REFUSED,
  /**
   * The archived state is accepted as an edit of the state with which its history ends. The history gets one more entry that
   * records the edit, and a text whose vector belongs to another text is embedded again.
   */
  TAKEN
}
