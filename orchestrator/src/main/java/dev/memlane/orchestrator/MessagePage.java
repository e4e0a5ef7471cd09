package dev.memlane.orchestrator;

import dev.memlane.model.ConversationMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of a conversation's messages, in order.
 *
 * @param next where the next page begins, to be passed to the next call; null if this is the last page
 */
public record MessagePage(List<ConversationMessage> messages, @Nullable Long next) {

  public MessagePage {
    messages = List.copyOf(messages);
  }
}
