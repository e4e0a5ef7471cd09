package dev.memlane.orchestrator.exploration;

/** The rules of the write protocol that a run may leave out, to show that the exploration finds the broken promise. */
enum Rule {
  /** A unit in doubt is fenced before the history is asked. */
  FENCE,
  /** A duplicate confirms the memory that it answers with. */
  CONFIRM,
  /** Compare-and-set uses the stamp, not the version. */
  STAMP,
  /** An operation is undone only while the row's stamp is its own. */
  UNDO_BY_STAMP,
  /** A restored row gets a fresh stamp. */
  FRESH_STAMP,
  /** An undone add leaves a void row. */
  VOID_ROW,
  /** Whether an operation has landed is asked of the history, not of the row. */
  LOOK_AT_HISTORY,
  /** Opening compares the index with core. */
  OPENING_COMPARES,
  /** A document is put next to the older one, which stays until the operation has landed. */
  DOCUMENT_PER_OPERATION,
  /** Following core waits for a put that is still running after its deadline. */
  LATE_PUT_FOLLOWS,
  /** The follower reads the row after it has taken the lock, not before. */
  POLL_IDS_ONLY,
  /** The follower takes the memory's lock. */
  FOLLOWER_TAKES_LOCK,
  /** A memory is compared unless all operations that the log reports of it are the process's own. */
  EVERY_OPERATION_COUNTS,
  /** A question about an unsettled operation fences it before it is answered. */
  ASKING_FENCES,
  /** A search drops a document of another state than core's only if the index holds the document of core's state. */
  STALE_DOCUMENT_COUNTS,
  /** A checkpoint lists the memories that were in flight while its commit was made. */
  CHECKPOINT_LISTS_IN_FLIGHT,
  /** A checkpoint begins before the documents of its commit are fixed. */
  CHECKPOINT_BEFORE_DOCUMENTS,
  /** What others have written before a checkpoint's position is followed before the documents of its commit are fixed. */
  CHECKPOINT_FOLLOWS,
  /** In a shared index, an operation removes the document that it replaced, and no other. */
  REMOVES_BY_NAME,
  /** In a shared index, a document is removed because of core's row only after everything on its way was fenced. */
  FENCE_BEFORE_REMOVAL,
  /** The keeper of a shared index compares what has arrived in it. */
  KEEPER_READS_ARRIVALS,
  /** The keeper of a shared index compares what the log reports. */
  KEEPER_READS_LOG
}
