package dev.memlane.extraction;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A message that says a fact.
 *
 * @param conversation the conversation's scope
 * @param message the message's id in it
 */
public record FactSource(Scope conversation, UUID message) {

  private static final int ID_LENGTH = 36;

  public FactSource {
    Objects.requireNonNull(message, "message");
    if (conversation.run() == null) {
      throw new InvalidInputException("a conversation is named by a scope with a run, and this one has none");
    }
  }

  /** The source as a memory's metadata has it: the message's id, a blank, and the conversation's run. */
  String text() {
    return message + " " + conversation.run();
  }

  /** Reads a source of a fact in a scope; empty if the text is none. */
  static Optional<FactSource> read(@Nullable Object text, Scope scope) {
    if (!(text instanceof String written) || written.length() < ID_LENGTH + 2 || written.charAt(ID_LENGTH) != ' ') {
      return Optional.empty();
    }
    try {
      return Optional.of(new FactSource(scope.withRun(written.substring(ID_LENGTH + 1)),
          MemoryId.parse(written.substring(0, ID_LENGTH)).value()));
    } catch (InvalidInputException e) {
      // Somebody else has written it.
      return Optional.empty();
    }
  }
}
