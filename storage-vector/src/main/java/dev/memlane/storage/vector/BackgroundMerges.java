package dev.memlane.storage.vector;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.apache.lucene.index.ConcurrentMergeScheduler;

/**
 * Merges segments in the background and never lets a write wait for it: where merges fall behind, segments gather, and
 * searches pay for them until the merges have caught up.
 */
final class BackgroundMerges extends ConcurrentMergeScheduler {

  private static final Logger LOG = System.getLogger(BackgroundMerges.class.getName());

  BackgroundMerges() {
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    // One more than run, so that a small merge need not wait for a large one.
    setMaxMergesAndThreads(threads + 1, threads);
  }

  @Override
  protected synchronized boolean maybeStall(MergeSource mergeSource) {
    // What isn't started now is started by the next merge that ends.
    return mergeThreadCount() < getMaxMergeCount();
  }

  @Override
  protected void handleMergeException(Throwable cause) {
    // Lucene closes the writer after this, so every later write and search tells the caller.
    LOG.log(Level.ERROR, "the vector index could not merge its segments", cause);
  }
}
