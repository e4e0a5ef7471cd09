package dev.memlane.model.listen;

/** The type of a step within operations. */
public enum StepType {

  /** A text becomes a vector, in the cache or by way of requests: from the look-up to the vector, with all waiting. */
  EMBEDDING,
  /** One request to an embedding model, with the texts of one or more callers. Serves steps of {@link #EMBEDDING}. */
  EMBEDDING_REQUEST,
  /** The index puts a document, or for a delete checks that it accepts writes. */
  INDEX_WRITE,
  /** The index is searched. */
  INDEX_SEARCH,
  /** Rows are read from the database. */
  DATABASE_READ,
  /** A unit of core and history is written, from joining the commit queue to its result. */
  DATABASE_WRITE,
  /** A unit waits in the commit queue, within {@link #DATABASE_WRITE}. */
  COMMIT_QUEUE,
  /** One transaction, with the units of one or more callers. Serves steps of {@link #DATABASE_WRITE}. */
  TRANSACTION,
  /** Hits are reordered by a re-ranker. */
  RERANKING,
  /** The stores did not all apply a write, and its outcome is found out while the caller waits. */
  SETTLING,
  /** The outcome of a write is found out after its caller has been told that it is unsettled. */
  BACKGROUND_SETTLING;

  /** Whether one such step may serve several callers at once. */
  public boolean isShared() {
    return this == EMBEDDING_REQUEST || this == TRANSACTION;
  }
}
