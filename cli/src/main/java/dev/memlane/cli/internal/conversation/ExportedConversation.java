package dev.memlane.cli.internal.conversation;

import dev.memlane.extraction.RecordedMessage;
import java.util.List;

/**
 * A conversation of an export.
 *
 * @param run its name as a run: the same whenever it is read again
 * @param messages in the order in which they were said
 */
public record ExportedConversation(String run, List<RecordedMessage> messages) {

  public ExportedConversation {
    messages = List.copyOf(messages);
  }

  /** The same conversation under another name. */
  ExportedConversation called(String name) {
    return new ExportedConversation(name, messages);
  }

  @Override
  public String toString() {
    return "ExportedConversation[" + messages.size() + " messages]";
  }
}
