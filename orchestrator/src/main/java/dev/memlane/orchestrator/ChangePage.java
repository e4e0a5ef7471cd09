package dev.memlane.orchestrator;

import dev.memlane.model.ChangeCursor;
import dev.memlane.model.MemoryChange;
import java.util.List;
import java.util.Objects;

/**
 * A page of changes.
 *
 * @param changes in the order in which the database began them, which is not always the order of their versions; may have a
 * change that was reported before
 * @param next the cursor after them, to be kept and passed to the next call
 * @param more whether there may be more changes already; otherwise this is all until now
 */
public record ChangePage(List<MemoryChange> changes, ChangeCursor next, boolean more) {

  public ChangePage {
    changes = List.copyOf(changes);
    Objects.requireNonNull(next, "next");
  }
}
