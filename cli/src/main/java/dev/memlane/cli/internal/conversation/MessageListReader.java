package dev.memlane.cli.internal.conversation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.ingestion.InputRecord;
import dev.memlane.cli.internal.terminal.InputException;
import dev.memlane.extraction.Party;
import java.io.IOException;
import java.util.List;

/**
 * A reader of messages as programs keep them: those of OpenAI's API, as a list, a line each, or within objects with a list
 * {@code messages}, each of which is a conversation; and those of LangChain4j. They have neither ids nor times. Messages of the
 * system and of tools are left out.
 */
final class MessageListReader implements ConversationReader {

  private static final List<String> TEXTS = List.of("text", "TEXT", "input_text", "output_text");

  private final InputRecord.Reader values;
  private final ChatFormat format;
  private final String run;

  /** @param run the conversation's name; if there are several, each has its number after it */
  MessageListReader(InputRecord.Reader values, ChatFormat format, String run) {
    this.values = values;
    this.format = format;
    this.run = run;
  }

  @Override
  public void read(Sink sink) throws IOException {
    ConversationCollector loose = new ConversationCollector();
    int conversations = 0;
    for (InputRecord record = values.next(); record != null; record = values.next()) {
      JsonNode value = record.value();
      if (value == null || !value.isObject()) {
        throw new InputException("in line " + record.line() + " there is something that is no message");
      }
      if (!value.path("messages").isArray()) {
        collect(value, record.line(), loose);
        continue;
      }
      ConversationCollector messages = new ConversationCollector();
      for (JsonNode message : value.path("messages")) {
        collect(message, record.line(), messages);
      }
      conversations++;
      if (!messages.isEmpty() && !sink.accept(messages.named(run + ":" + conversations))) {
        return;
      }
    }
    if (!loose.isEmpty()) {
      boolean unused = sink.accept(loose.named(run));
    }
  }

  private void collect(JsonNode message, long line, ConversationCollector messages) throws InputException {
    boolean openAi = format == ChatFormat.OPENAI;
    String role = ExportJson.text(message.get(openAi ? "role" : "type"));
    if (role == null) {
      throw new InputException("in line " + line + " there is a message without a \"" + (openAi ? "role" : "type")
          + "\"");
    }
    boolean user = role.equals(openAi ? "user" : "USER");
    if (user || role.equals(openAi ? "assistant" : "AI")) {
      JsonNode content = message.path(openAi ? "content" : "contents");
      String text = content.isArray()
          ? ExportJson.joined(content, "\n", TEXTS)
          : message.path(openAi ? "content" : "text").asText("");
      messages.add(role, user ? Party.USER : Party.ASSISTANT, ExportJson.text(message.get("name")), null, text);
    }
  }
}
