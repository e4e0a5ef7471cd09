package dev.memlane.cli.internal.conversation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.ingestion.InputRecord;
import dev.memlane.cli.internal.terminal.InputException;
import dev.memlane.extraction.Party;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A reader of ChatGPT's export: a list of conversations, each a tree of messages, because questions can be edited and answers
 * made again. What is read is the branch that was shown last.
 */
final class ChatGptReader implements ConversationReader {

  private static final Set<String> SAID = Set.of("text", "multimodal_text");

  private final InputRecord.Reader values;

  ChatGptReader(InputRecord.Reader values) {
    this.values = values;
  }

  @Override
  public void read(Sink sink) throws IOException {
    for (InputRecord record = values.next(); record != null; record = values.next()) {
      JsonNode conversation = record.value();
      if (conversation == null || !conversation.path("mapping").isObject()) {
        throw new InputException("a conversation in it has no \"mapping\" of messages");
      }
      ConversationCollector messages = new ConversationCollector();
      String first = null;
      for (JsonNode node : branch(conversation)) {
        first = first == null ? ExportJson.text(node.get("id")) : first;
        collect(node.path("message"), messages);
      }
      String id = ExportJson.text(conversation, "conversation_id", "id");
      if (!messages.isEmpty() && !sink.accept(messages.named(ConversationCollector.run(ChatFormat.CHATGPT,
          id != null ? id : first != null ? first : messages.firstId().toString())))) {
        return;
      }
    }
  }

  /** The nodes from the root to the message that was shown last. */
  private static List<JsonNode> branch(JsonNode conversation) throws InputException {
    JsonNode mapping = conversation.path("mapping");
    List<JsonNode> branch = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    String id = ExportJson.text(conversation.get("current_node"));
    id = id != null && mapping.has(id) ? id : newestLeaf(mapping);
    while (id != null && mapping.get(id) != null) {
      if (!seen.add(id)) {
        throw new InputException("the messages of a conversation in it follow each other in a circle");
      }
      JsonNode node = mapping.path(id);
      branch.addFirst(node);
      id = ExportJson.text(node.get("parent"));
    }
    return branch;
  }

  /** The end of the branch that follows the last answer everywhere. */
  private static @Nullable String newestLeaf(JsonNode mapping) {
    String id = null;
    for (Map.Entry<String, JsonNode> node : mapping.properties()) {
      if (ExportJson.text(node.getValue().get("parent")) == null) {
        id = node.getKey();
        break;
      }
    }
    for (int steps = 0; id != null && steps < mapping.size(); steps++) {
      JsonNode children = mapping.path(id).path("children");
      String last = children.isEmpty() ? null : ExportJson.text(children.get(children.size() - 1));
      if (last == null || !mapping.has(last)) {
        return id;
      }
      id = last;
    }
    return id;
  }

  private static void collect(JsonNode message, ConversationCollector messages) throws InputException {
    String role = message.path("author").path("role").asText();
    boolean user = role.equals("user");
    String recipient = ExportJson.text(message.get("recipient"));
    JsonNode content = message.path("content");
    boolean shown = !message.path("metadata").path("is_visually_hidden_from_conversation").asBoolean();
    boolean toAll = recipient == null || recipient.equals("all");
    if (!(user || role.equals("assistant")) || !shown || !toAll
        || !SAID.contains(content.path("content_type").asText("text"))) {
      return;
    }
    messages.add(String.valueOf(ExportJson.text(message.get("id"))), user ? Party.USER : Party.ASSISTANT, null,
        ExportJson.epochSeconds(ExportJson.text(message.get("create_time"))),
        ExportJson.joined(content.path("parts"), "\n", List.of("audio_transcription")));
  }
}
