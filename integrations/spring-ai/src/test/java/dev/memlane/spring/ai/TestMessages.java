package dev.memlane.spring.ai;

import java.math.BigDecimal;
import java.net.URI;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.AssistantMessage.ToolCall;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage.ToolResponse;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.content.Media;
import org.springframework.ai.content.MediaContent;
import org.springframework.util.MimeType;
import org.springframework.util.MimeTypeUtils;

/** Messages of all kinds, with what makes them hard to keep, and a form by which they are compared. */
final class TestMessages {

  private TestMessages() {}

  static List<Message> ofAllKinds() {
    Map<String, @Nullable Object> metadata = new HashMap<>();
    metadata.put("text", "naïve \"path\" \\ \n 🎻");
    metadata.put("whole", 7);
    metadata.put("long", 7L);
    metadata.put("large", Long.MAX_VALUE);
    metadata.put("double", 7.0);
    metadata.put("float", 0.1f);
    metadata.put("infinite", Double.NEGATIVE_INFINITY);
    metadata.put("decimal", new BigDecimal("1.10"));
    metadata.put("flag", true);
    metadata.put("time", Instant.parse("2026-11-01T10:00:00.123456789Z"));
    metadata.put("id", UUID.fromString("0198c5a2-7c1e-7a50-9d53-0242ac120002"));
    metadata.put("address", URI.create("https://example.org/a?b=c#d"));
    metadata.put("list", Arrays.asList(1, 2L, "three", null, List.of(), Map.of("four", 4)));
    metadata.put("set", Set.of("b", "a"));
    metadata.put("map", Map.of("$long", "a name that looks like a tag"));
    metadata.put("maps", Map.of("$map", Map.of("$map", Map.of("$set", List.of(1)))));
    metadata.put("empty", Map.of());
    return List.of(new SystemMessage("You are a friend."),
        SystemMessage.builder().text("You are brief.").metadata(nonNull(metadata)).build(),
        new UserMessage("What is this?\u0000 A damaged \ud83d character"),
        UserMessage.builder().text("And these?")
            .media(List.of(
                Media.builder().mimeType(MimeTypeUtils.IMAGE_PNG).data(new byte[]{0, 1, -1}).id("m1").name("a picture")
                    .build(),
                new Media(MimeType.valueOf("audio/mpeg;rate=44100"), URI.create("https://example.org/tune.mp3"))))
            .metadata(nonNull(metadata)).build(),
        new AssistantMessage("An oboe."),
        AssistantMessage.builder().content(null).properties(nonNull(metadata))
            .toolCalls(List.of(new ToolCall("call_1", "function", "memory_search", "{\"query\": \"oboe\"}"),
                new ToolCall("call_2", "function", "clock", "")))
            .media(List.of(Media.builder().mimeType(MimeTypeUtils.IMAGE_JPEG).data(new byte[3]).name("b").build()))
            .build(),
        ToolResponseMessage.builder()
            .responses(List.of(new ToolResponse("call_1", "memory_search", "{\"memories\": []}"),
                new ToolResponse("call_2", "clock", "12:00")))
            .metadata(nonNull(metadata)).build());
  }

  @SuppressWarnings({"NullAway", "unchecked"}) // There is no null on this level.
  private static Map<String, Object> nonNull(Map<String, @Nullable Object> map) {
    return (Map<String, Object>) (Map<String, ?>) map;
  }

  /** All that a message holds, by value: media and bytes have no equality of their own. */
  static Map<String, @Nullable Object> contents(Message message) {
    Map<String, @Nullable Object> contents = new LinkedHashMap<>();
    contents.put("class", message.getClass());
    contents.put("type", message.getMessageType());
    contents.put("text", message.getText());
    contents.put("metadata", message.getMetadata());
    if (message instanceof MediaContent content) {
      contents.put("media", content.getMedia().stream().map(TestMessages::contents).toList());
    }
    if (message instanceof AssistantMessage assistant) {
      contents.put("toolCalls", assistant.getToolCalls());
    }
    if (message instanceof ToolResponseMessage tool) {
      contents.put("responses", tool.getResponses());
    }
    return contents;
  }

  private static List<@Nullable Object> contents(Media media) {
    Object data = media.getData();
    List<@Nullable Object> contents = Arrays.asList(media.getMimeType(), media.getId(), media.getName(),
        data instanceof byte[] bytes ? Arrays.toString(bytes) : data);
    return contents;
  }
}
