package dev.memlane.model.store;

import dev.memlane.model.MemoryChange;
import java.util.List;
import java.util.Objects;

/**
 * A page of changes of the log.
 *
 * @param changes without scopes
 * @param next the position after them; empty for the beginning of an empty log
 * @param more whether there may be more changes already
 */
public record LogPage(List<MemoryChange> changes, String next, boolean more) {

  public LogPage {
    changes = List.copyOf(changes);
    Objects.requireNonNull(next, "next");
  }
}
