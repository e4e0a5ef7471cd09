package dev.memlane.orchestrator;

import dev.memlane.model.Memory;
import dev.memlane.model.TimePosition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One page of a list in order of time. Pages stay right while others write: a memory that is there all the time, and whose time
 * is not changed, is listed exactly once.
 *
 * @param next where the next page begins, to be handed back; null if this is the last one
 */
public record TimePage(List<Memory> memories, @Nullable TimePosition next) {

  public TimePage {
    memories = List.copyOf(memories);
  }
}
