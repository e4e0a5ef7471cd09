package dev.memlane.lanes;

import java.time.Instant;
import java.util.List;

/**
 * A task that has failed for good, whole, so that it can be replayed.
 *
 * @param id the job's
 * @param task what was to be done
 * @param failures of each attempt, in their order
 * @param at when it failed for good
 */
public record DeadLetter(String id, String lane, Task<?> task, List<Throwable> failures, Instant at) {

  public DeadLetter {
    failures = List.copyOf(failures);
  }
}
