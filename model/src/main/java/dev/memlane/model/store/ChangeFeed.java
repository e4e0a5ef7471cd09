package dev.memlane.model.store;

import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Tells which memories' logs have changed, whoever changed them: how an index follows a database that several processes
 * write to.
 *
 * <p>
 * It is exact: every change that was committed after the feed began is told by one of its looks, whatever commits in
 * which order, and however long some transactions last. A change may be told more than once. A feed that has failed is
 * broken for good, because the server may have forgotten what it had not told yet: who follows then begins a new one and
 * compares everything. One look at a time; not safe for use by several threads at once.
 */
public interface ChangeFeed extends AutoCloseable {

  /**
   * What a look tells.
   *
   * @param memories the memories whose log has changed
   * @param erased those of them that were erased
   */
  record Changes(Set<MemoryId> memories, Set<MemoryId> erased) {
    public Changes {
      memories = Set.copyOf(memories);
      erased = Set.copyOf(erased);
    }
  }

  /**
   * What has changed since the last look, or since the feed began. Where that is much, one look tells a page of it and the
   * following ones the rest, so a feed that is asked again and again gets to the end.
   *
   * @return fails with a {@link StoreException}, and from then on always
   */
  CompletableFuture<Changes> poll();

  /** Ends the following. */
  @Override
  void close();
}
