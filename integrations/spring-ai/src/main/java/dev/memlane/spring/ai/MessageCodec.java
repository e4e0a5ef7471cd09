package dev.memlane.spring.ai;

import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.StoreException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.messages.AbstractMessage;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.AssistantMessage.ToolCall;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage.ToolResponse;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.content.Media;
import org.springframework.util.MethodInvoker;
import org.springframework.util.MimeType;

/**
 * Spring AI's messages as messages of the conversation log, and back: text, metadata, media, tool calls and tool
 * responses, exactly. A message of a provider's own class comes back as the class of Spring AI that it extends.
 */
final class MessageCodec {

  /** The log's name of this form. */
  static final String FORMAT = "spring-ai";
  private static final int VERSION = 1;

  private MessageCodec() {}

  /**
   * Encodes a message, under a fresh id. Equal messages have equal payloads.
   *
   * @throws InvalidInputException if it is too long, or its metadata contain themselves
   */
  static NewMessage encode(Message message) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("version", VERSION);
    Map<String, @Nullable Object> metadata = new LinkedHashMap<>(message.getMetadata());
    // Every message puts its type there itself.
    metadata.remove(AbstractMessage.MESSAGE_TYPE);
    fields.put("metadata", metadata);
    return switch (message) {
      case UserMessage user -> {
        fields.put("text", user.getText());
        fields.put("media", media(user.getMedia()));
        yield encode(MessageRole.USER, user.getText(), fields);
      }
      case AssistantMessage assistant -> {
        fields.put("text", assistant.getText());
        fields.put("media", media(assistant.getMedia()));
        fields.put("toolCalls", assistant.getToolCalls().stream().map(MessageCodec::toolCall).toList());
        yield encode(MessageRole.ASSISTANT, assistant.getText(), fields);
      }
      case SystemMessage system -> {
        fields.put("text", system.getText());
        yield encode(MessageRole.SYSTEM, system.getText(), fields);
      }
      case ToolResponseMessage tool -> {
        fields.put("responses", tool.getResponses().stream().map(MessageCodec::toolResponse).toList());
        yield encode(MessageRole.TOOL, null, fields);
      }
      default ->
        throw new InvalidInputException("a message of " + message.getClass() + " can't be stored, because it is "
            + "no UserMessage, AssistantMessage, SystemMessage or ToolResponseMessage");
    };
  }

  private static NewMessage encode(MessageRole role, @Nullable String text, Map<String, @Nullable Object> fields) {
    try {
      return NewMessage.of(role, text == null || text.isBlank() ? null : text, FORMAT, ValueJson.write(fields));
    } catch (IOException e) {
      throw new InvalidInputException(
          "the message's metadata can't be written as JSON: check whether a value contains itself", e);
    }
  }

  private static List<Map<String, @Nullable Object>> media(List<Media> media) {
    return media.stream().map(each -> {
      Map<String, @Nullable Object> fields = new LinkedHashMap<>();
      fields.put("mimeType", each.getMimeType().toString());
      fields.put("id", each.getId());
      fields.put("name", each.getName());
      fields.put("data", each.getData());
      return fields;
    }).toList();
  }

  private static Map<String, @Nullable Object> toolCall(ToolCall call) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("id", call.id());
    fields.put("type", call.type());
    fields.put("name", call.name());
    fields.put("arguments", call.arguments());
    return fields;
  }

  private static Map<String, @Nullable Object> toolResponse(ToolResponse response) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("id", response.id());
    fields.put("name", response.name());
    fields.put("responseData", response.responseData());
    return fields;
  }

  /**
   * Decodes a message.
   *
   * @throws StoreException if it was stored through another door, or by a later version
   */
  static Message decode(ConversationMessage stored) {
    if (!stored.format().equals(FORMAT)) {
      throw new StoreException(
          "message " + stored.id() + " was stored in the form " + stored.format() + ", and is read as "
              + FORMAT + ": use a conversation through one kind of chat memory only",
          null);
    }
    try {
      return decode(stored.role(), object(ValueJson.read(stored.payload())));
    } catch (IOException | ClassCastException | NullPointerException | IllegalArgumentException e) {
      throw new StoreException(
          "message " + stored.id() + " can't be read; a later version of Memlane may have stored it", e);
    }
  }

  private static Message decode(MessageRole role, Map<String, @Nullable Object> fields) throws IOException {
    if (!Objects.equals(fields.get("version"), VERSION)) {
      throw new IOException("the payload is of version " + fields.get("version"));
    }
    Map<String, Object> metadata = object(fields.get("metadata"));
    return switch (role) {
      case USER -> UserMessage.builder().text(text(fields, "text")).metadata(metadata).media(media(fields)).build();
      case ASSISTANT -> AssistantMessage.builder().content((String) fields.get("text")).properties(metadata)
          .toolCalls(objects(fields, "toolCalls").stream()
              .map(call -> new ToolCall(text(call, "id"), text(call, "type"),
                  text(call, "name"), text(call, "arguments")))
              .toList())
          .media(media(fields)).build();
      case SYSTEM -> SystemMessage.builder().text(text(fields, "text")).metadata(metadata).build();
      case TOOL -> ToolResponseMessage.builder()
          .responses(objects(fields, "responses").stream()
              .map(response -> new ToolResponse(text(response, "id"), text(response, "name"),
                  text(response, "responseData")))
              .toList())
          .metadata(metadata).build();
    };
  }

  private static List<Media> media(Map<String, @Nullable Object> message) {
    return objects(message, "media").stream().map(fields -> {
      Media.Builder media = Media.builder().mimeType(MimeType.valueOf(text(fields, "mimeType")))
          .name(text(fields, "name"));
      if (fields.get("id") instanceof String id) {
        media.id(id);
      }
      setData(media, Objects.requireNonNull(fields.get("data")));
      return media.build();
    }).toList();
  }

  /** Calls the builder's {@code data}, which takes any object in Spring AI 1.1, and texts, bytes and addresses in 2.0. */
  private static void setData(Media.Builder media, Object data) {
    MethodInvoker invoker = new MethodInvoker();
    invoker.setTargetObject(media);
    invoker.setTargetMethod("data");
    invoker.setArguments(data);
    try {
      invoker.prepare();
      invoker.invoke();
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException("no media has data of this type", e);
    }
  }

  /** A text; a tool call or response may lack it. */
  @SuppressWarnings("NullAway") // Spring AI's records and builders take what they were given.
  private static String text(Map<String, @Nullable Object> fields, String name) {
    return (String) fields.get(name);
  }

  @SuppressWarnings("unchecked") // Objects are read with texts as names.
  private static <V extends @Nullable Object> Map<String, V> object(@Nullable Object value) {
    return (Map<String, V>) Objects.requireNonNull(value);
  }

  private static List<Map<String, @Nullable Object>> objects(Map<String, @Nullable Object> fields, String name) {
    return ((List<?>) Objects.requireNonNull(fields.get(name))).stream().map(MessageCodec::<@Nullable Object>object)
        .toList();
  }
}
