package dev.memlane.orchestrator;

import dev.memlane.model.ArchivedMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of a conversation's messages, as they are exported.
 *
 * @param next where the next page begins, to be passed to the next call; null if this is the last page
 */
public record MessageArchivePage(List<ArchivedMessage> messages, @Nullable Long next) {

  public MessageArchivePage {
    messages = List.copyOf(messages);
  }
}
