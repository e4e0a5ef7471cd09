package dev.memlane.orchestrator;

import dev.memlane.model.WriteOutcome;
import java.util.List;

/**
 * What a deletion of many did. It is not atomic: run again, it goes on where it stopped.
 *
 * @param deleted how many it deleted
 * @param failures the first of those that it could not delete, at most 100
 * @param failed how many it could not delete
 */
public record DeleteReport(long deleted, long failed, List<WriteOutcome> failures) {

  public DeleteReport {
    failures = List.copyOf(failures);
  }
}
