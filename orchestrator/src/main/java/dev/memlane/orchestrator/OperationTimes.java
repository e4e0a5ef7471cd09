package dev.memlane.orchestrator;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Times of operations, to the microsecond, each later than the one before: their order is the order in which they were
 * taken. Where more are taken than microseconds pass, or the clock is put back, they run ahead of the clock. Safe for use
 * by several threads.
 */
final class OperationTimes {

  private final InstantSource clock;
  private final AtomicLong last = new AtomicLong(Long.MIN_VALUE);

  OperationTimes(InstantSource clock) {
    this.clock = clock;
  }

  Instant next() {
    long now = ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant());
    return Instant.EPOCH.plus(last.accumulateAndGet(now, (before, time) -> Math.max(before + 1, time)),
        ChronoUnit.MICROS);
  }
}
