package dev.memlane.orchestrator;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Asks again and again until something is so, as a user who waits for it would. */
public final class Until {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private Until() {}

  /**
   * @throws AssertionError if it isn't so after half a minute
   */
  public static void isTrue(String what, BooleanSupplier question) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!question.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not so after " + PATIENCE.toSeconds() + " s: " + what);
      }
      Thread.onSpinWait();
    }
  }
}
