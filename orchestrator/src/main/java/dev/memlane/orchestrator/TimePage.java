package dev.memlane.orchestrator;

import dev.memlane.model.Memory;
import dev.memlane.model.TimePosition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of a list in order of time. Pages stay consistent while others write: a memory that exists all the time, and whose
 * time does not change, is listed exactly once.
 *
 * @param next where the next page begins, to be passed to the next call; null if this is the last page
 */
public record TimePage(List<Memory> memories, @Nullable TimePosition next) {

  public TimePage {
    memories = List.copyOf(memories);
  }
}
