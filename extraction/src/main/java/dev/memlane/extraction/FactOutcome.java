package dev.memlane.extraction;

import dev.memlane.model.WriteOutcome;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What became of one fact that a model read in a conversation.
 *
 * @param text the fact as it was read
 * @param action what was decided
 * @param outcome what became of the write: stored; duplicate, if it had been written already, such as before a crash; was
 * deleted, if somebody has deleted the fact since; rolled back, if another memory has its text in a scope that holds each content
 * once: then its slice is a dead letter. Null for {@link Action#NONE}
 * @param categories the names of the categories that the model gave it; the memory may have others, after a change
 */
public record FactOutcome(String text, FactKind kind, Action action, @Nullable WriteOutcome outcome,
    List<String> categories) {

  /** What was decided. */
  public enum Action {
    /** It became a memory. */
    ADD,
    /** It was added to a memory, which says it more precisely now. */
    UPDATE,
    /** It replaced what a memory said, which is no longer true, and stays in its history. */
    SUPERSEDE,
    /** It was known already. */
    NONE
  }

  public FactOutcome {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(action, "action");
    categories = List.copyOf(categories);
  }

  /** Without the text, which belongs in no log. */
  @Override
  public String toString() {
    return "FactOutcome[" + kind + ", " + action + (outcome == null ? "" : ", " + outcome.name()) + "]";
  }
}
