package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;
import java.util.List;

/**
 * What a comparison of the three stores found.
 *
 * @param core how many live memories core holds
 * @param history how many entries the history holds
 * @param vector how many documents the index holds
 * @param inconsistencies what does not agree, at most 1,000 of them
 * @param repaired how many memories' documents were made to agree
 */
public record VerifyReport(long core, long history, long vector, List<Inconsistency> inconsistencies, long repaired) {

  /** One memory about which two stores differ, and how. */
  public record Inconsistency(MemoryId memory, String problem) {}

  public VerifyReport {
    inconsistencies = List.copyOf(inconsistencies);
  }

  public boolean isClean() {
    return inconsistencies.isEmpty();
  }
}
