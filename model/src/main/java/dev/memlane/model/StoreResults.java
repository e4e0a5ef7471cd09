package dev.memlane.model;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The results of one operation in each of the three stores. */
public record StoreResults(StoreResult core, StoreResult vector, StoreResult history) {

  public StoreResults {
    Objects.requireNonNull(core, "core");
    Objects.requireNonNull(vector, "vector");
    Objects.requireNonNull(history, "history");
  }

  /** Whether all three stores applied the operation. */
  public boolean allApplied() {
    return core instanceof StoreResult.Applied && vector instanceof StoreResult.Applied
        && history instanceof StoreResult.Applied;
  }

  /** The result of core and history, which share one transaction; see {@link StoreResult#ofUnit}. */
  public StoreResult unit() {
    return StoreResult.ofUnit(core, history);
  }

  /** Why the operation did not succeed: the index's reason first, then core's, then history's; null if all applied. */
  public @Nullable Throwable cause() {
    Throwable cause = vector.cause();
    cause = cause == null ? core.cause() : cause;
    return cause == null ? history.cause() : cause;
  }
}
