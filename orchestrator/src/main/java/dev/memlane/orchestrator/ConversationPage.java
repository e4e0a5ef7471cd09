package dev.memlane.orchestrator;

import dev.memlane.model.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of a list of conversations, in the order in which they began. Pages stay consistent while others write: a
 * conversation that exists all the time is listed exactly once.
 *
 * @param next where the next page begins, to be passed to the next call; null if this is the last page
 */
public record ConversationPage(List<Scope> conversations, @Nullable Long next) {

  public ConversationPage {
    conversations = List.copyOf(conversations);
  }
}
