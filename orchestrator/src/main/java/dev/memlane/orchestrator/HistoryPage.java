package dev.memlane.orchestrator;

import dev.memlane.model.HistoryEntry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of a memory's history, newest entry first.
 *
 * @param next the version before which the next page begins, to be passed to the next call; null if this is the last page
 */
public record HistoryPage(List<HistoryEntry> entries, @Nullable Integer next) {

  public HistoryPage {
    entries = List.copyOf(entries);
  }
}
