package dev.memlane.orchestrator;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Whether a read finds memories that have expired and have not been swept yet. */
public enum Expired {
  LEFT_OUT, INCLUDED;

  /** As of when a store is to leave out what has expired; null for never. */
  @Nullable
  Instant unexpiredAt(Instant now) {
    return this == INCLUDED ? null : now;
  }
}
