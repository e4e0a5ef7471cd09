package dev.memlane.orchestrator;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of a list in order of id. Pages stay consistent while others write: a memory that exists all the time is listed
 * exactly once.
 *
 * @param next where the next page begins, to be passed to the next call; null if this is the last page
 */
public record Page(List<Memory> memories, @Nullable MemoryId next) {

  public Page {
    memories = List.copyOf(memories);
  }
}
