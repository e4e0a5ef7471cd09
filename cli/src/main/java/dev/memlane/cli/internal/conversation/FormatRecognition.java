package dev.memlane.cli.internal.conversation;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.memlane.cli.internal.ingestion.DecodedInput;
import dev.memlane.cli.internal.ingestion.ValueStream;
import dev.memlane.cli.internal.terminal.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/** Finds out which program wrote an export, by its first object, or by its first lines. */
final class FormatRecognition {

  private static final Set<String> LANGCHAIN4J_TYPES = Set.of("SYSTEM", "USER", "AI", "TOOL_EXECUTION_RESULT",
      "CUSTOM");
  private static final String KNOWN = "the known ones are " + ChatFormat.words()
      + ", and --format says which one it is";

  private FormatRecognition() {}

  /**
   * Reads as far as it takes to know.
   *
   * @throws InputException if it is none that is known
   */
  static ChatFormat of(DecodedInput input) throws IOException {
    String begin = new String(input.begin(), StandardCharsets.UTF_8);
    String stripped = (begin.startsWith("\uFEFF") ? begin.substring(1) : begin).stripLeading();
    if (stripped.isEmpty()) {
      throw new InputException("it is empty");
    }
    boolean whatsApp = WhatsAppReader.isLikely(begin);
    if (!whatsApp && (stripped.startsWith("[") || stripped.startsWith("{"))) {
      return ofJson(input);
    }
    if (whatsApp) {
      return ChatFormat.WHATSAPP;
    }
    throw new InputException("it is no chat export that is known; " + KNOWN);
  }

  private static ChatFormat ofJson(DecodedInput input) throws IOException {
    JsonParser parser = ExportJson.parser(new ValueStream(input.stream()));
    JsonToken first = parser.nextToken();
    boolean list = first == JsonToken.START_ARRAY;
    if (list) {
      first = parser.nextToken();
    }
    if (first == JsonToken.END_ARRAY) {
      throw new InputException("it is an empty list");
    }
    Set<String> seen = new HashSet<>();
    while (first == JsonToken.START_OBJECT && parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      JsonToken value = parser.nextToken();
      switch (field) {
        case "mapping" -> {
          return ChatFormat.CHATGPT;
        }
        case "chat_messages" -> {
          return ChatFormat.CLAUDE;
        }
        case "chats", "personal_information" -> {
          return ChatFormat.TELEGRAM;
        }
        case "role" -> {
          return ChatFormat.OPENAI;
        }
        case "messages" -> {
          return ofMessages(parser);
        }
        case "type" -> {
          if (value == JsonToken.VALUE_STRING && LANGCHAIN4J_TYPES.contains(parser.getText())) {
            return ChatFormat.LANGCHAIN4J;
          }
        }
        case "memlane" -> throw new InputException(
            "it was written by 'memlane export'; 'memlane import' restores it, with its conversations");
        default -> parser.skipChildren();
      }
      seen.add(field);
    }
    if (seen.contains("ts")) {
      throw new InputException("it looks like one day of a Slack export; name the export's folder, or its zip archive");
    }
    throw new InputException("it is JSON, and no chat export that is known; " + KNOWN);
  }

  /** Both Telegram's chats and conversations of OpenAI's API have a list of messages. */
  private static ChatFormat ofMessages(JsonParser parser) throws IOException {
    boolean message = parser.currentToken() == JsonToken.START_ARRAY && parser.nextToken() == JsonToken.START_OBJECT;
    while (message && parser.nextToken() == JsonToken.FIELD_NAME) {
      if (parser.currentName().equals("role")) {
        return ChatFormat.OPENAI;
      }
      parser.nextToken();
      parser.skipChildren();
    }
    return ChatFormat.TELEGRAM;
  }
}
