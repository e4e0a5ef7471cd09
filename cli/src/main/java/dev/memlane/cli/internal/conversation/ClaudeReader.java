package dev.memlane.cli.internal.conversation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.ingestion.InputRecord;
import dev.memlane.cli.internal.terminal.InputException;
import dev.memlane.extraction.Party;
import java.io.IOException;
import java.util.List;

/** A reader of Claude's export: a list of conversations, each with a list of messages. */
final class ClaudeReader implements ConversationReader {

  private final InputRecord.Reader values;

  ClaudeReader(InputRecord.Reader values) {
    this.values = values;
  }

  @Override
  public void read(Sink sink) throws IOException {
    for (InputRecord record = values.next(); record != null; record = values.next()) {
      JsonNode conversation = record.value();
      if (conversation == null || !conversation.path("chat_messages").isArray()) {
        throw new InputException("a conversation in it has no list \"chat_messages\"");
      }
      ConversationCollector messages = new ConversationCollector();
      for (JsonNode message : conversation.path("chat_messages")) {
        collect(message, messages);
      }
      String id = ExportJson.text(conversation.get("uuid"));
      if (!messages.isEmpty() && !sink.accept(messages.named(
          ConversationCollector.run(ChatFormat.CLAUDE, id == null ? messages.firstId().toString() : id)))) {
        return;
      }
    }
  }

  private static void collect(JsonNode message, ConversationCollector messages) throws InputException {
    String sender = message.path("sender").asText();
    if (!sender.equals("human") && !sender.equals("assistant")) {
      return;
    }
    String parts = ExportJson.joined(message.path("content"), "\n\n", List.of("text"));
    messages.add(String.valueOf(ExportJson.text(message.get("uuid"))),
        sender.equals("human") ? Party.USER : Party.ASSISTANT, null,
        ExportJson.isoTime(ExportJson.text(message.get("created_at"))),
        parts.isBlank() ? message.path("text").asText() : parts);
  }
}
