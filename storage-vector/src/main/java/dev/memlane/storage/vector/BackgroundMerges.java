package dev.memlane.storage.vector;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.apache.lucene.index.ConcurrentMergeScheduler;

/**
 * The scheduler of merges in the background, for which no write ever waits. If merges are slower than writes, segments
 * accumulate and make searches slower until the merges have caught up.
 */
final class BackgroundMerges extends ConcurrentMergeScheduler {

  private static final Logger LOG = System.getLogger(BackgroundMerges.class.getName());

  BackgroundMerges() {
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    // One more than there are threads, so that a small merge need not wait for a large one.
    setMaxMergesAndThreads(threads + 1, threads);
  }

  @Override
  protected synchronized boolean maybeStall(MergeSource mergeSource) {
    // Merges that don't start now are started by the next merge that ends.
    return mergeThreadCount() < getMaxMergeCount();
  }

  @Override
  protected void handleMergeException(Throwable cause) {
    // Lucene closes the writer after this, so every later write and search reports the failure.
    LOG.log(Level.ERROR, "the vector index could not merge its segments", cause);
  }
}
