package dev.memlane.orchestrator;

import dev.memlane.model.HistoryEntry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of a memory's history, newest entry first.
 *
 * @param next before which version the next page begins, to be handed back; null if this is the last one
 */
public record HistoryPage(List<HistoryEntry> entries, @Nullable Integer next) {

  public HistoryPage {
    entries = List.copyOf(entries);
  }
}
