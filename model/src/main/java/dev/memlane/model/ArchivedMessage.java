package dev.memlane.model;

import java.util.Objects;

/**
 * A message as it is exported and restored.
 *
 * @param inWindow whether it is in the conversation's window
 */
public record ArchivedMessage(ConversationMessage message, boolean inWindow) {

  /** The greatest position that is restored: many beyond it are left for messages that are appended later. */
  public static final long GREATEST_POSITION = 1L << 53;

  /**
   * @throws InvalidInputException if the message can't have had this position or time
   */
  public ArchivedMessage {
    Objects.requireNonNull(message, "message");
    if (message.position() < 1 || message.position() > GREATEST_POSITION) {
      throw new InvalidInputException("the position of message " + message.id() + " is " + message.position()
          + "; it must be 1 to 2^53");
    }
    Texts.requireStorable("the time of the message", message.createdAt());
  }
}
