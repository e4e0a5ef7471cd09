package dev.memlane.extraction;

import dev.memlane.model.MessageRole;
import java.util.Locale;
import java.util.Optional;

/** Who says a message, as far as it matters for what is remembered. */
public enum Party {
  /** The user, about whom facts are noted. */
  USER,
  /** Another person, such as in a chat between people. */
  OTHER,
  /** An assistant. */
  ASSISTANT;

  /** The party as a model is shown it: {@code user}, {@code other} or {@code assistant}. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  MessageRole role() {
    return this == ASSISTANT ? MessageRole.ASSISTANT : MessageRole.USER;
  }

  static Optional<Party> of(String word) {
    for (Party party : values()) {
      if (party.word().equals(word)) {
        return Optional.of(party);
      }
    }
    return Optional.empty();
  }
}
