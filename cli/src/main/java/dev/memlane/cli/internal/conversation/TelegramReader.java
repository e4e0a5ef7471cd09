package dev.memlane.cli.internal.conversation;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.ingestion.ValueStream;
import dev.memlane.cli.internal.terminal.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A reader of Telegram Desktop's {@code result.json}: one chat, or an account with all its chats. Messages are read one by one,
 * because the file is a single value. Service messages, such as who has joined, are left out.
 */
final class TelegramReader implements ConversationReader {

  private final ValueStream input;
  private final Speakers speakers;

  /** @param input the text, which the caller closes */
  TelegramReader(InputStream input, Speakers speakers) {
    this.input = new ValueStream(input);
    this.speakers = speakers;
  }

  @Override
  public void read(Sink sink) throws IOException {
    JsonParser parser = ExportJson.parser(input);
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw new InputException("it is no object, as Telegram's exports are");
    }
    Chat whole = new Chat();
    boolean more = true;
    while (more && parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      input.nextValue();
      switch (field) {
        case "personal_information" -> {
          String user = ExportJson.text(ExportJson.tree(parser).get("user_id"));
          if (user != null) {
            speakers.userIs("user" + user);
          }
        }
        case "chats", "left_chats" -> {
          if (parser.currentToken() == JsonToken.START_OBJECT) {
            more = readChats(parser, sink);
          } else {
            parser.skipChildren();
          }
        }
        default -> whole.readField(field, parser);
      }
    }
    if (more && !whole.messages.isEmpty()) {
      boolean unused = sink.accept(whole.conversation());
    }
  }

  private boolean readChats(JsonParser parser, Sink sink) throws IOException {
    boolean more = true;
    while (more && parser.nextToken() == JsonToken.FIELD_NAME) {
      boolean list = parser.currentName().equals("list");
      input.nextValue();
      if (parser.nextToken() != JsonToken.START_ARRAY || !list) {
        parser.skipChildren();
        continue;
      }
      while (more && parser.nextToken() != JsonToken.END_ARRAY) {
        more = readChat(parser, sink);
      }
    }
    return more;
  }

  private boolean readChat(JsonParser parser, Sink sink) throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw new InputException("its list of chats has something in it that is no chat");
    }
    Chat chat = new Chat();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      input.nextValue();
      chat.readField(field, parser);
    }
    return chat.messages.isEmpty() || sink.accept(chat.conversation());
  }

  /** One chat as it is read. */
  private final class Chat {

    private final ConversationCollector messages = new ConversationCollector();
    private @Nullable String id;

    void readField(String field, JsonParser parser) throws IOException {
      if (field.equals("messages") && parser.currentToken() == JsonToken.START_ARRAY) {
        for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
          input.nextValue();
          collect(ExportJson.tree(parser));
        }
      } else if (field.equals("id")) {
        id = ExportJson.text(ExportJson.tree(parser));
      } else {
        parser.skipChildren();
      }
    }

    private void collect(JsonNode message) throws InputException {
      if (!message.path("type").asText().equals("message")) {
        return;
      }
      String name = ExportJson.text(message.get("from"));
      String sender = ExportJson.text(message.get("from_id"));
      Instant time = ExportJson.epochSeconds(ExportJson.text(message.get("date_unixtime")));
      JsonNode text = message.path("text");
      messages.add(String.valueOf(ExportJson.text(message.get("id"))), speakers.party(name, sender), name, time,
          text.isTextual() ? text.textValue() : entities(text));
    }

    /** A text with links or bold words is a list, of texts and of entities with a text. */
    private String entities(JsonNode parts) {
      StringBuilder text = new StringBuilder();
      for (JsonNode part : parts) {
        text.append(part.isTextual() ? part.textValue() : part.path("text").asText(""));
      }
      return text.toString();
    }

    ExportedConversation conversation() {
      return messages
          .named(ConversationCollector.run(ChatFormat.TELEGRAM, id == null ? messages.firstId().toString() : id));
    }
  }
}
