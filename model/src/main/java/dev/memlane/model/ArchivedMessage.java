package dev.memlane.model;

import java.util.Objects;

/**
 * A message as it is exported and restored.
 *
 * @param inWindow whether it is in the conversation's window
 */
public record ArchivedMessage(ConversationMessage message, boolean inWindow) {

  public ArchivedMessage {
    Objects.requireNonNull(message, "message");
  }
}
