package dev.memlane.orchestrator;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Whether a read includes memories that have expired and have not been swept yet. */
public enum Expired {
  LEFT_OUT, INCLUDED;

  /** The time as of which a store leaves out expired memories; null if it includes them. */
  @Nullable
  Instant unexpiredAt(Instant now) {
    return this == INCLUDED ? null : now;
  }
}
