package dev.memlane.orchestrator.exploration;

/** The rules of the write protocol that may be left out, to see that the exploration notices. */
enum Rule {
  /** A unit in doubt is fenced before looking. */
  FENCE,
  /** A duplicate confirms the memory that it answers with. */
  CONFIRM,
  /** Compare-and-set is on the stamp, not on the version. */
  STAMP,
  /** An operation is undone only while the stamp is its own. */
  UNDO_BY_STAMP,
  /** A restored row gets a fresh stamp. */
  FRESH_STAMP,
  /** An undone add leaves a void row. */
  VOID_ROW,
  /** Looking means history, not the row. */
  LOOK_AT_HISTORY,
  /** Opening compares the index with core. */
  OPENING_COMPARES,
  /** A put stands beside the older document until it has landed. */
  DOCUMENT_PER_OPERATION,
  /** What follows core comes after a put that ends late. */
  LATE_PUT_FOLLOWS,
  /** The follower reads the row when it has the turn, not before. */
  POLL_IDS_ONLY,
  /** The follower takes the memory's turn. */
  FOLLOWER_TAKES_TURN,
  /** Whoever asks for an unsettled outcome fences first. */
  ASKING_FENCES,
  /** A purge replaces the stamp. */
  PURGE_FENCES,
  /** A search drops a document of another state than core's only if the index holds the document of core's. */
  STALE_DOCUMENT_COUNTS
}
