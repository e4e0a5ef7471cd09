package dev.memlane.orchestrator;

import dev.memlane.model.store.VectorIndex;

/** Opens the vector index. */
@FunctionalInterface
interface IndexOpener {

  /**
   * Opens it.
   *
   * @param anew whether to throw away what there is first, because it can't be read
   * @throws dev.memlane.model.MemlaneException if it can't be opened
   */
  VectorIndex open(boolean anew);
}
