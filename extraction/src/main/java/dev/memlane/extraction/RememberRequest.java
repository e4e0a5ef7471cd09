package dev.memlane.extraction;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A conversation that is to be remembered, and what is different this time.
 *
 * @param conversation a scope with a run
 * @param mode what becomes memories; null for the mode of its scope
 * @param instructions what to note and what not, at most {@value MemoryExtractor#LONGEST_INSTRUCTIONS} characters, in place of
 * the instructions of its scope; null for those; blank for none
 */
public record RememberRequest(Scope conversation, @Nullable RememberMode mode, @Nullable String instructions) {

  /** @throws InvalidInputException if the scope has no run, or the instructions are too long */
  public RememberRequest {
    Objects.requireNonNull(conversation, "conversation");
    if (conversation.run() == null) {
      throw new InvalidInputException(
          "a conversation is named by a scope with a run, and this one has none; say scope.withRun(...)");
    }
    if (instructions != null) {
      Guidance unused = Guidance.NONE.with(instructions);
    }
  }

  /** A request for a conversation as its scope has it. */
  public static RememberRequest of(Scope conversation) {
    return new RememberRequest(conversation, null, null);
  }

  /** The same in a mode; null for that of the scope. */
  public RememberRequest withMode(@Nullable RememberMode newMode) {
    return new RememberRequest(conversation, newMode, instructions);
  }

  /** The same with instructions; null for those of the scope, blank for none. */
  public RememberRequest withInstructions(@Nullable String newInstructions) {
    return new RememberRequest(conversation, mode, newInstructions);
  }

  /** Without the instructions, which belong in no log. */
  @Override
  public String toString() {
    return "RememberRequest[" + conversation + (mode == null ? "" : ", " + mode)
        + (instructions == null ? "" : ", with instructions") + "]";
  }
}
