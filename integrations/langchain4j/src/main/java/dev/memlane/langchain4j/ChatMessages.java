package dev.memlane.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ChatMessageDeserializer;
import dev.langchain4j.data.message.ChatMessageSerializer;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.StoreException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The translation of LangChain4j's messages to those of a conversation, and back. LangChain4j's own JSON is the exact
 * form, so tool calls, their results, images and attributes come back as they were.
 */
final class ChatMessages {

  static final String FORMAT = "langchain4j";

  private ChatMessages() {}

  static NewMessage encode(ChatMessage message) {
    MessageRole role = switch (message.type()) {
      case SYSTEM -> MessageRole.SYSTEM;
      case AI -> MessageRole.ASSISTANT;
      case TOOL_EXECUTION_RESULT -> MessageRole.TOOL;
      case USER, CUSTOM -> MessageRole.USER;
    };
    return NewMessage.of(role, text(message), FORMAT, ChatMessageSerializer.messageToJson(message));
  }

  static List<NewMessage> encode(Iterable<ChatMessage> messages) {
    List<NewMessage> encoded = new ArrayList<>();
    messages.forEach(message -> encoded.add(encode(message)));
    return encoded;
  }

  /**
   * Reads a message as it was stored.
   *
   * @throws StoreException if another framework stored it
   */
  static ChatMessage decode(ConversationMessage message) {
    if (!message.format().equals(FORMAT)) {
      throw new StoreException("message " + message.position() + " of the conversation was stored in the format \""
          + message.format() + "\", which LangChain4j can't read: give each framework conversations of its own", null);
    }
    return ChatMessageDeserializer.messageFromJson(message.payload());
  }

  /** What people read of a message, or null. Calls and results of tools are for the model. */
  private static @Nullable String text(ChatMessage message) {
    return switch (message) {
      case SystemMessage system -> system.text();
      case AiMessage ai -> ai.text() == null || ai.text().isBlank() ? null : ai.text();
      case UserMessage user -> text(user);
      default -> null;
    };
  }

  private static @Nullable String text(UserMessage user) {
    List<String> texts = new ArrayList<>();
    for (Content content : user.contents()) {
      if (content instanceof TextContent text && !text.text().isBlank()) {
        texts.add(text.text());
      }
    }
    return texts.isEmpty() ? null : String.join("\n", texts);
  }
}
