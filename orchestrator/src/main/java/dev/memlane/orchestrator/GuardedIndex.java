package dev.memlane.orchestrator;

import dev.memlane.model.store.VectorIndex;

/** The index as this process's writes and searches see it: an index that does not agree with core refuses both. */
interface GuardedIndex extends VectorIndex {

  /**
   * Counts how often the index has begun anew since it was opened: what was put under an earlier generation may be gone,
   * and is put again by the comparison with core that follows.
   */
  long generation();

  /** The index itself, for the comparison that makes it agree with core. Ask again for each use. */
  VectorIndex unguarded();
}
