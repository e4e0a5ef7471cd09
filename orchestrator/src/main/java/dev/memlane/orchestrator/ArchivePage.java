package dev.memlane.orchestrator;

import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.MemoryId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of an export, in order of id. Each memory fits its history. What others write between two pages may or may not be
 * included.
 *
 * @param memories may be fewer than requested, even if more follow
 * @param next where the next page begins, to be passed to the next call; null if this is the last page
 */
public record ArchivePage(List<ArchivedMemory> memories, @Nullable MemoryId next) {

  public ArchivePage {
    memories = List.copyOf(memories);
  }
}
