package dev.memlane.extraction;

import java.util.Locale;
import java.util.Optional;

/** What kind of fact a memory is. */
public enum FactKind {
  /** What is so: "Ada lives in Porto". */
  FACT,
  /** What somebody likes or wants: "Ada prefers trains to planes". */
  PREFERENCE,
  /** What has happened: "Ada ran her first marathon". */
  EVENT,
  /** What somebody intends: "Ada is going to move to Lisbon". */
  PLAN,
  /** How an agent should behave: "The user wants short answers". */
  INSTRUCTION;

  /** The kind in a memory's metadata, in a model's answers and in filters: {@code fact}, {@code preference}, ... */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<FactKind> of(String word) {
    for (FactKind kind : values()) {
      if (kind.word().equals(word)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }
}
