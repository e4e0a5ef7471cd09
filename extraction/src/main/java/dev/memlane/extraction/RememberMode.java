package dev.memlane.extraction;

import java.util.Locale;
import java.util.Optional;

/** What becomes memories when a conversation is remembered. */
public enum RememberMode {
  /** Its messages, as they are; no model is asked. */
  MESSAGES,
  /** The facts in them. */
  FACTS,
  /** First its messages, then the facts in them. */
  BOTH;

  boolean includesMessages() {
    return this != FACTS;
  }

  boolean includesFacts() {
    return this != MESSAGES;
  }

  /** The mode as a word, in lower case. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The mode of a word; empty if it is none. */
  public static Optional<RememberMode> of(String word) {
    for (RememberMode mode : values()) {
      if (mode.word().equals(word)) {
        return Optional.of(mode);
      }
    }
    return Optional.empty();
  }
}
