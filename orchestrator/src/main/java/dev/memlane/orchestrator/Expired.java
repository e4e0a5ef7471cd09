package dev.memlane.orchestrator;

import java.time.Instant;

/** Whether a read finds memories that have expired and have not been swept yet. */
public enum Expired {
  LEFT_OUT, INCLUDED;

  /** Before the first year in which a memory can expire. */
  private static final Instant NOTHING_HAS_EXPIRED = Instant.parse("-0001-01-01T00:00:00Z");

  /** The time as of which a store is asked for what has not expired. */
  Instant asOf(Instant now) {
    return this == INCLUDED ? NOTHING_HAS_EXPIRED : now;
  }
}
