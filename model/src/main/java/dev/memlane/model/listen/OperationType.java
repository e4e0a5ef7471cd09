package dev.memlane.model.listen;

/** The type of an operation that a caller requested. */
public enum OperationType {

  /** One memory is added; the request is a {@link dev.memlane.model.NewMemory}. */
  ADD,
  /** One memory is stored under its key; the request is a {@link dev.memlane.model.NewMemory}. */
  PUT,
  /** One memory is updated; the request is a {@link dev.memlane.model.MemoryUpdate}. */
  UPDATE,
  /** One memory is deleted; the request is a {@link dev.memlane.model.MemoryDeletion}. */
  DELETE,
  /** One memory is deleted and its history purged; the request is a {@link dev.memlane.model.MemoryDeletion}. */
  ERASE,
  /** One memory is read; the request is its {@link dev.memlane.model.MemoryId}. */
  GET,
  /** Memories are searched; the request is the orchestrator's request of a search. */
  SEARCH,
  /** A batch of {@link #ADD}s; the request is the list of their requests. */
  ADD_MEMORIES,
  /** A batch of {@link #PUT}s; the request is the list of their requests. */
  PUT_MEMORIES,
  /** A batch of {@link #DELETE}s and {@link #ERASE}s; the request is the list of their requests. */
  DELETE_MEMORIES,
  /** A batch of {@link #DELETE}s; the request is the {@link dev.memlane.model.Scope} whose memories are deleted. */
  DELETE_ALL,
  /** As {@link #DELETE_ALL}, and the histories are purged as well. */
  ERASE_ALL
}
