package dev.memlane.orchestrator.internal.write;

import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.DeleteReport;
import java.util.ArrayList;
import java.util.List;

/** The running count of a deletion of many memories; see {@link DeleteReport} for the components. */
record DeleteTally(long deleted, long purged, long failed, List<WriteOutcome> failures) {

  private static final int MOST_FAILURES = 100;

  static final DeleteTally NOTHING = new DeleteTally(0, 0, 0, List.of());

  /** Adds the outcomes of some deletes. A memory that is gone already is no failure. */
  DeleteTally withDeletes(List<WriteOutcome> outcomes) {
    return with(outcomes, deleted + count(outcomes), purged);
  }

  /** Adds the outcomes of some purges. */
  DeleteTally withPurges(List<WriteOutcome> outcomes) {
    return with(outcomes, deleted, purged + count(outcomes));
  }

  /** Adds another pass over the same memories, which has tried again what failed before. */
  DeleteTally withPass(DeleteTally pass) {
    return new DeleteTally(deleted + pass.deleted, purged + pass.purged, pass.failed, pass.failures);
  }

  /**
   * @param messages how many messages of conversations were deleted
   */
  DeleteReport toReport(long messages) {
    return new DeleteReport(deleted, purged, failed, failures, messages);
  }

  private DeleteTally with(List<WriteOutcome> outcomes, long newDeleted, long newPurged) {
    List<WriteOutcome> failing = outcomes.stream().filter(outcome -> !isGone(outcome)).toList();
    List<WriteOutcome> listed = new ArrayList<>(failures);
    failing.stream().limit(MOST_FAILURES - listed.size()).forEach(listed::add);
    return new DeleteTally(newDeleted, newPurged, failed + failing.size(), List.copyOf(listed));
  }

  private static long count(List<WriteOutcome> outcomes) {
    return outcomes.stream().filter(WriteOutcome.Deleted.class::isInstance).count();
  }

  private static boolean isGone(WriteOutcome outcome) {
    return outcome instanceof WriteOutcome.Deleted || outcome instanceof WriteOutcome.WasDeleted
        || outcome instanceof WriteOutcome.NotFound;
  }
}
