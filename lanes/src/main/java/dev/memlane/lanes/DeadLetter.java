package dev.memlane.lanes;

import java.time.Instant;
import java.util.List;

/**
 * A task that has failed for good, kept whole so that it can be replayed.
 *
 * @param id the job's id
 * @param task the task that failed
 * @param failures the failure of each attempt, in order
 * @param at when it failed for good
 */
public record DeadLetter(String id, String lane, Task<?> task, List<Throwable> failures, Instant at) {

  public DeadLetter {
    failures = List.copyOf(failures);
  }
}
