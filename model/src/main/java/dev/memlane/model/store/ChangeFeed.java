package dev.memlane.model.store;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * A feed of the memories whose logs have changed, through any process, by which an index follows a shared database.
 *
 * <p>
 * It is exact: every change committed after the feed began is reported by one of its polls, whatever the order of
 * commits, and however long transactions take. A change may be reported more than once. A feed that has failed stays
 * broken, because the server may have lost the unreported changes. Its user must then begin a new feed and compare
 * everything. One poll at a time; not safe for use by several threads at once.
 */
public interface ChangeFeed extends AutoCloseable {

  /**
   * The result of a poll.
   *
   * @param operations the memories whose log has changed, each with all operations whose entries have changed
   * @param erased those of them that were erased
   * @param more whether there may be more that were committed before this poll began
   */
  record Changes(Map<MemoryId, Set<OperationId>> operations, Set<MemoryId> erased, boolean more) {
    public Changes {
      operations = Map.copyOf(operations);
      erased = Set.copyOf(erased);
    }

    /** The memories whose log has changed. */
    public Set<MemoryId> memories() {
      return operations.keySet();
    }
  }

  /**
   * Reads the changes since the last poll, or since the feed began. If there are many, a poll returns one page of them
   * and the following polls the rest.
   *
   * @return fails with a {@link StoreException}; after that, every poll fails
   */
  CompletableFuture<Changes> poll();

  /** Ends the feed. */
  @Override
  void close();
}
