package dev.memlane.orchestrator;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Repeats a question until its answer is yes, as a user who waits for something would. */
public final class Until {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private Until() {}

  /**
   * @throws AssertionError if the answer is still no after a minute
   */
  public static void isTrue(String what, BooleanSupplier question) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!question.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("still not true after " + PATIENCE.toSeconds() + " s: " + what);
      }
      // Not spinning, which would take a processor from what is waited for.
      LockSupport.parkNanos(POLL_NANOS);
    }
  }
}
