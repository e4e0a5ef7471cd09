package dev.memlane.orchestrator.internal.follow;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.store.ChangeFeed.Changes;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The latest operations of this process that have ended in all three stores. Their documents agree with core already, so
 * the log's report of them is no reason to compare their memories again (rule R9).
 *
 * <p>
 * Keeps a bounded number of operations. A memory is compared once too often if its operation was dropped. Safe for use by
 * several threads.
 */
public final class OwnChanges {

  /** More than an index commits at once, so that a checkpoint finds all of them. */
  private static final int MOST = 50_000;

  @GuardedBy("this")
  private final Set<OperationId> ended = new LinkedHashSet<>();

  /** Notes that an operation has ended in all three stores, or that the index was made to follow it. */
  public synchronized void ended(OperationId op) {
    ended.add(op);
    if (ended.size() > MOST) {
      Iterator<OperationId> oldest = ended.iterator();
      oldest.next();
      oldest.remove();
    }
  }

  /**
   * The memories of a report that this process has not changed alone. The operations of all others are forgotten, because
   * a change is hardly ever reported twice.
   */
  synchronized Set<MemoryId> changedByOthers(Changes changes) {
    Set<MemoryId> byOthers = new HashSet<>();
    changes.operations().forEach((memory, operations) -> {
      if (!operations.isEmpty() && ended.containsAll(operations)) {
        ended.removeAll(operations);
      } else {
        byOthers.add(memory);
      }
    });
    return byOthers;
  }
}
