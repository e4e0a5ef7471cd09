package dev.memlane.orchestrator.internal.follow;

import dev.memlane.model.store.VectorIndex;

/** The function that opens the vector index. */
@FunctionalInterface
public interface IndexOpener {

  /**
   * Opens the index.
   *
   * @param anew whether to delete the existing files first, because they can't be read
   * @throws dev.memlane.model.MemlaneException if it can't be opened
   */
  VectorIndex open(boolean anew);
}
