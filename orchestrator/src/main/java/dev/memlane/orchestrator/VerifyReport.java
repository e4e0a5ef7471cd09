package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;
import java.util.List;

/**
 * The result of comparing the three stores.
 *
 * @param core how many live memories core holds
 * @param history how many entries the history holds
 * @param vector how many documents the index holds
 * @param inconsistencies the differences, at most 1,000
 * @param repaired for how many memories the documents were made to agree
 */
public record VerifyReport(long core, long history, long vector, List<Inconsistency> inconsistencies, long repaired) {

  /** A memory about which two stores differ, with the difference. */
  public record Inconsistency(MemoryId memory, String problem) {}

  public VerifyReport {
    inconsistencies = List.copyOf(inconsistencies);
  }

  /** Whether the stores agree. */
  public boolean isClean() {
    return inconsistencies.isEmpty();
  }
}
