package dev.memlane.model.store;

import dev.memlane.model.Details;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.OperationId;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the log knows of a memory's state at some time.
 *
 * @param entry the newest entry that is not later than the time
 * @param details the memory's details after that entry; null if the log has none, because no update changed them between
 * the memory's add or revival and its next deletion. They are then those of the present row, unless it was deleted since
 * @param deletedSince whether an entry after that one deleted the memory
 * @param newest the operation of the memory's newest entry
 */
public record PastState(HistoryEntry entry, @Nullable Details details, boolean deletedSince, OperationId newest) {

  public PastState {
    Objects.requireNonNull(entry, "entry");
    Objects.requireNonNull(newest, "newest");
  }
}
