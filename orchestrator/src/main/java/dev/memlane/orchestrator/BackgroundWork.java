package dev.memlane.orchestrator;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The status of a kind of work in the background. Failed work is tried again until it succeeds.
 *
 * @param name what the work does, for human readers
 * @param lastSuccess when an attempt last succeeded in this process; null if none has
 * @param lastFailure when an attempt last failed in this process; null if none has
 * @param lastProblem why that attempt failed; null if none has
 */
public record BackgroundWork(String name, @Nullable Instant lastSuccess, @Nullable Instant lastFailure,
    @Nullable String lastProblem) {

  /** Whether no attempt has succeeded since the last failed one. */
  public boolean isFailing() {
    return lastFailure != null && (lastSuccess == null || lastSuccess.isBefore(lastFailure));
  }
}
