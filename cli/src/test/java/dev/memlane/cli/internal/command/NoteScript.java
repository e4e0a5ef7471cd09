package dev.memlane.cli.internal.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.testing.ChatQuestion;
import dev.memlane.testing.ChatReply;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Function;

/**
 * A model that is no model: it notes each message "note: SUBJECT is VALUE", and supersedes a known fact of the same subject.
 */
final class NoteScript implements Function<ChatQuestion, ChatReply> {

  private static final String NOTE = "note: ";

  static boolean isExtraction(ChatQuestion question) {
    return "facts".equals(question.schema());
  }

  /** What the model is shown. */
  static JsonNode data(ChatQuestion question) {
    try {
      return Json.MAPPER.readTree(question.messages().get(1).text());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public ChatReply apply(ChatQuestion question) {
    JsonNode data = data(question);
    return ChatReply.text((isExtraction(question) ? facts(data) : decisions(data)).toString());
  }

  private static ObjectNode facts(JsonNode data) {
    ObjectNode answer = Json.MAPPER.createObjectNode();
    ArrayNode facts = answer.putArray("facts");
    for (JsonNode message : data.path("messages")) {
      String text = message.path("text").asText();
      if (text.startsWith(NOTE)) {
        String said = text.substring(NOTE.length());
        ObjectNode fact = facts.addObject().put("text", said).put("kind", "fact").put("subject", subject(said))
            .put("importance", 3);
        fact.putArray("messages").add(message.path("number").asInt());
        fact.putNull("about");
      }
    }
    return answer;
  }

  private static ObjectNode decisions(JsonNode data) {
    ObjectNode answer = Json.MAPPER.createObjectNode();
    ArrayNode decisions = answer.putArray("decisions");
    for (JsonNode fact : data.path("facts")) {
      String text = fact.path("text").asText();
      ObjectNode decision = decisions.addObject().put("fact", fact.path("number").asInt()).put("action", "add")
          .putNull("known").putNull("text");
      for (JsonNode known : data.path("known")) {
        String knownText = known.path("text").asText();
        if (knownText.equals(text)) {
          decision.put("action", "none").putNull("known").putNull("text");
          break;
        }
        if (subject(knownText).equals(subject(text))) {
          decision.put("action", "supersede").put("known", known.path("id").asText()).put("text", text);
        }
      }
    }
    return answer;
  }

  private static String subject(String text) {
    int end = text.indexOf(" is ");
    return end < 0 ? text : text.substring(0, end);
  }
}
