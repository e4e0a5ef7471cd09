package dev.memlane.orchestrator.internal;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A clock for operations: times to the microsecond, each later than the one before, so they order operations as they were
 * accepted. The times run ahead of the system clock when more are taken than microseconds pass, and when the clock is set
 * back. Safe for use by several threads.
 */
public final class OperationTimes {

  private final InstantSource clock;
  private final AtomicLong last = new AtomicLong(Long.MIN_VALUE);

  public OperationTimes(InstantSource clock) {
    this.clock = clock;
  }

  /** The next time. */
  public Instant next() {
    long now = ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant());
    return Instant.EPOCH.plus(last.accumulateAndGet(now, (before, time) -> Math.max(before + 1, time)),
        ChronoUnit.MICROS);
  }
}
