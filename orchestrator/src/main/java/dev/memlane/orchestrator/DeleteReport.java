package dev.memlane.orchestrator;

import dev.memlane.model.WriteOutcome;
import java.util.ArrayList;
import java.util.List;

/**
 * What a deletion or erasing of many did. It is not atomic: run again, it goes on where it stopped.
 *
 * @param deleted how many memories it deleted
 * @param purged how many memories it purged, those included that had been deleted before; 0 where histories stay
 * @param failed how many it could not delete or purge
 * @param failures the first of those, at most 100
 */
public record DeleteReport(long deleted, long purged, long failed, List<WriteOutcome> failures) {

  private static final int MOST_FAILURES = 100;

  static final DeleteReport NOTHING = new DeleteReport(0, 0, 0, List.of());

  public DeleteReport {
    failures = List.copyOf(failures);
  }

  /** With what became of some deletes. That a memory is gone already is no failure. */
  DeleteReport withDeletes(List<WriteOutcome> outcomes) {
    return with(outcomes, deleted + count(outcomes), purged);
  }

  /** With what became of some purges. */
  DeleteReport withPurges(List<WriteOutcome> outcomes) {
    return with(outcomes, deleted, purged + count(outcomes));
  }

  /** With another pass over the same memories: what failed before was tried again. */
  DeleteReport withPass(DeleteReport pass) {
    return new DeleteReport(deleted + pass.deleted, purged + pass.purged, pass.failed, pass.failures);
  }

  private DeleteReport with(List<WriteOutcome> outcomes, long newDeleted, long newPurged) {
    List<WriteOutcome> failing = outcomes.stream().filter(outcome -> !isGone(outcome)).toList();
    List<WriteOutcome> told = new ArrayList<>(failures);
    failing.stream().limit(MOST_FAILURES - told.size()).forEach(told::add);
    return new DeleteReport(newDeleted, newPurged, failed + failing.size(), told);
  }

  private static long count(List<WriteOutcome> outcomes) {
    return outcomes.stream().filter(WriteOutcome.Deleted.class::isInstance).count();
  }

  private static boolean isGone(WriteOutcome outcome) {
    return outcome instanceof WriteOutcome.Deleted || outcome instanceof WriteOutcome.WasDeleted
        || outcome instanceof WriteOutcome.NotFound;
  }
}
