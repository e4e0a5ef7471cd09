package dev.memlane.orchestrator;

/** What becomes of an archived memory that contradicts itself, because somebody has edited it in the file. */
public enum Edits {
  /** It is not restored, and its outcome says what contradicts what. */
  REFUSED,
  /**
   * What it says is taken for an edit of what its history ends with: the history gets one more entry that says so, and a text
   * whose vector is of another one is embedded again.
   */
  TAKEN
}
