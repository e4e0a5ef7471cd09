package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;
import dev.memlane.model.PastMemory;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of a list of memories as they were at some time, in order of id. It may have fewer memories than asked for, or none,
 * although more pages follow.
 *
 * @param next where the next page begins, to be passed to the next call; null if this is the last page
 */
public record PastPage(List<PastMemory> memories, @Nullable MemoryId next) {

  public PastPage {
    memories = List.copyOf(memories);
  }
}
