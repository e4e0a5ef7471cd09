package dev.memlane.orchestrator;

import dev.memlane.model.WriteOutcome;
import java.util.List;

/**
 * The result of deleting or erasing many memories. The deletion is not atomic: called again, it resumes where it stopped.
 *
 * @param deleted how many memories it deleted
 * @param purged how many memories it purged, including those that had been deleted before; 0 if histories stay
 * @param failed how many memories it could not delete or purge
 * @param failures the outcomes of the first of those, at most 100
 * @param messages how many messages of conversations it deleted
 */
public record DeleteReport(long deleted, long purged, long failed, List<WriteOutcome> failures, long messages) {

  public DeleteReport {
    failures = List.copyOf(failures);
  }
}
