package dev.memlane.orchestrator;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A kind of work that goes on in the background, and how it went. Work that fails is tried again until it succeeds.
 *
 * @param name what the work does, for people
 * @param lastSuccess when an attempt succeeded last in this process; null if none has yet
 * @param lastFailure when an attempt failed last in this process; null if none has
 * @param lastProblem why it failed; null if it has not
 */
public record BackgroundWork(String name, @Nullable Instant lastSuccess, @Nullable Instant lastFailure,
    @Nullable String lastProblem) {

  /** Whether no attempt has succeeded since the last one that failed. */
  public boolean isFailing() {
    return lastFailure != null && (lastSuccess == null || lastSuccess.isBefore(lastFailure));
  }
}
