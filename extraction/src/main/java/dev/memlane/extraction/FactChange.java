package dev.memlane.extraction;

import java.util.Locale;
import java.util.Optional;

/** How the present state of a fact came about. */
public enum FactChange {
  /** It was new. */
  ADDED,
  /** It was put more precisely, or more was added to it: what was said before is still true. */
  UPDATED,
  /** Something has changed: what was said before is no longer true. */
  SUPERSEDED;

  /** The change in a memory's metadata: {@code added}, {@code updated} or {@code superseded}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<FactChange> of(String word) {
    for (FactChange change : values()) {
      if (change.word().equals(word)) {
        return Optional.of(change);
      }
    }
    return Optional.empty();
  }
}
