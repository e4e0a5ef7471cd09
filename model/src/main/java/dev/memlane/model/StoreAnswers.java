package dev.memlane.model;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What each of the three stores answered to one operation. */
public record StoreAnswers(StoreResult core, StoreResult vector, StoreResult history) {

  public StoreAnswers {
    Objects.requireNonNull(core, "core");
    Objects.requireNonNull(vector, "vector");
    Objects.requireNonNull(history, "history");
  }

  /** Whether all three took the operation. */
  public boolean allApplied() {
    return core instanceof StoreResult.Applied && vector instanceof StoreResult.Applied
        && history instanceof StoreResult.Applied;
  }

  /** Why it did not succeed: the index's reason first, then core's and history's; null if all applied. */
  public @Nullable Throwable cause() {
    Throwable cause = causeOf(vector);
    cause = cause == null ? causeOf(core) : cause;
    return cause == null ? causeOf(history) : cause;
  }

  private static @Nullable Throwable causeOf(StoreResult result) {
    return switch (result) {
      case StoreResult.Applied applied -> null;
      case StoreResult.NotApplied notApplied -> notApplied.cause();
      case StoreResult.InDoubt inDoubt -> inDoubt.cause();
    };
  }
}
