package dev.memlane.orchestrator;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import java.util.List;
import java.util.Objects;

/**
 * Memories and messages for a prompt, as one text within a number of tokens, with what was left out.
 *
 * <p>
 * The text has a heading for memories and one for the conversation, each left out if nothing is under it. A memory is one
 * item with its day and actor, a message one line with its role. Further lines of a content are indented, so no content can
 * pass for a heading or for another item. Contents are what people have said: a prompt should call them data.
 *
 * @param text for the prompt; empty if there is nothing to say
 * @param tokens how many tokens the text has, as the request counts them
 * @param pinned the pinned memories in the text, in the order of the request
 * @param memories the others in the text, in the order of their times
 * @param messages those in the text, in the order of the conversation
 * @param leftOut the memories that were found and are not in the text
 * @param olderMessages how many messages of the user and of the assistant in the window are not in the text; of the part of a
 * long window that was not read, messages of any role count
 */
public record PromptContext(String text, int tokens, List<Memory> pinned, List<SearchHit> memories,
    List<ConversationMessage> messages, List<LeftOut> leftOut, int olderMessages) {

  public PromptContext {
    Objects.requireNonNull(text, "text");
    pinned = List.copyOf(pinned);
    memories = List.copyOf(memories);
    messages = List.copyOf(messages);
    leftOut = List.copyOf(leftOut);
  }

  /** Why a memory is not in the text. */
  public enum Reason {
    /** There was no room for it. */
    @JsonProperty("noRoom")
    NO_ROOM,
    /** Another memory says the same, word for word. */
    @JsonProperty("repeated")
    REPEATED,
    /** A message in the text says the same, word for word. */
    @JsonProperty("inConversation")
    IN_CONVERSATION
  }

  /** A memory that was found and is not in the text. */
  public record LeftOut(MemoryId memory, Reason reason) {

    public LeftOut {
      Objects.requireNonNull(memory, "memory");
      Objects.requireNonNull(reason, "reason");
    }
  }

  /** Without the contents, which belong in no log. */
  @Override
  public String toString() {
    return "PromptContext[" + tokens + " tokens, " + (pinned.size() + memories.size()) + " memories, " + messages.size()
        + " messages, "
        + leftOut.size() + " memories left out]";
  }
}
