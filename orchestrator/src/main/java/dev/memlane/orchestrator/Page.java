package dev.memlane.orchestrator;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One page of a list, in order of id. Pages stay right while others write: a memory that is there all the time is listed
 * exactly once.
 *
 * @param next where the next page begins, to be handed back; null if this is the last one
 */
public record Page(List<Memory> memories, @Nullable MemoryId next) {

  public Page {
    memories = List.copyOf(memories);
  }
}
