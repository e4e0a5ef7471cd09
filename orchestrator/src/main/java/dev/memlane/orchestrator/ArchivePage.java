package dev.memlane.orchestrator;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.MemoryId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One page of an export, in order of id. Each memory and its history fit together; what others write between two pages is
 * there or not.
 *
 * @param memories may be fewer than were asked for, also where more follow
 * @param next where the next page begins, to be handed back; null if this is the last one
 */
public record ArchivePage(List<ArchivedMemory> memories, @Nullable MemoryId next) {

  public ArchivePage {
    memories = List.copyOf(memories);
  }
}
