package dev.memlane.orchestrator.internal;

import dev.memlane.model.store.SharedIndex;
import dev.memlane.model.store.VectorIndex;
import org.jspecify.annotations.Nullable;

/** The index as this process's writes and searches see it: while it does not agree with core, it refuses both. */
public interface GuardedIndex extends VectorIndex {

  /**
   * The generation: how often the index has been reopened since this process opened it. Documents that were put under an
   * earlier generation may be lost; the comparison with core that follows puts them again.
   */
  long generation();

  /** The index itself, for the comparison that makes it agree with core. Call this again for each use. */
  VectorIndex unguarded();

  /** The index itself, if other processes share it; null if it belongs to this process. */
  default @Nullable SharedIndex shared() {
    return unguarded() instanceof SharedIndex shared ? shared : null;
  }
}
