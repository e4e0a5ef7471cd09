package dev.memlane.testing;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request to a {@link ChatProvider}.
 *
 * @param key the API key that it carries; empty if none
 * @param body the whole JSON
 * @param format the type of its {@code response_format}; null if it has none
 * @param schema the name of its schema; null if it has none
 * @param messages its messages, oldest first
 */
public record ChatQuestion(String key, String body, @Nullable String format, @Nullable String schema,
    List<Message> messages) {

  private static final JsonFactory JSON = new JsonFactory();

  /** A message. */
  public record Message(String role, String text) {}

  public ChatQuestion {
    messages = List.copyOf(messages);
  }

  /** The text of the last message that is from the user. */
  public String asked() {
    return messages.stream().filter(message -> message.role.equals("user")).reduce((first, second) -> second)
        .orElseThrow().text;
  }

  static ChatQuestion read(String key, byte[] body) throws IOException {
    String format = null;
    String schema = null;
    List<Message> messages = new ArrayList<>();
    try (JsonParser json = JSON.createParser(body)) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        json.nextToken();
        if (field.equals("messages")) {
          while (json.nextToken() == JsonToken.START_OBJECT) {
            messages.add(message(json));
          }
        } else if (field.equals("response_format")) {
          while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            if (name.equals("type")) {
              format = json.getText();
            } else if (name.equals("json_schema")) {
              schema = name(json);
            }
          }
        } else {
          json.skipChildren();
        }
      }
    }
    return new ChatQuestion(key, new String(body, StandardCharsets.UTF_8), format, schema, messages);
  }

  private static Message message(JsonParser json) throws IOException {
    String role = "";
    String text = "";
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      json.nextToken();
      if (field.equals("role")) {
        role = json.getText();
      } else if (field.equals("content")) {
        text = json.getText();
      }
    }
    return new Message(role, text);
  }

  private static String name(JsonParser json) throws IOException {
    String found = "";
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      boolean wanted = json.currentName().equals("name");
      json.nextToken();
      if (wanted) {
        found = json.getText();
      } else {
        json.skipChildren();
      }
    }
    return found;
  }
}
