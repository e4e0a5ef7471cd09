package dev.memlane.extraction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.testing.ChatQuestion;
import dev.memlane.testing.ChatReply;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A model that is no model: it reads a fact in each message "note: SUBJECT is VALUE", and supersedes a known fact of the same
 * subject.
 */
final class FactScript implements Function<ChatQuestion, ChatReply> {

  /** Is called with each question before it is answered. */
  volatile Consumer<ChatQuestion> before = question -> {};
  /** What is decided about a fact of the same subject and another value. */
  volatile String action = "supersede";

  static boolean isExtraction(ChatQuestion question) {
    return question.messages().getFirst().text().equals(Prompts.EXTRACT);
  }

  @Override
  public ChatReply apply(ChatQuestion question) {
    before.accept(question);
    // The last question may be a complaint; the data are in the first message of the user.
    JsonNode data = Json.readOwn(question.messages().get(1).text());
    return ChatReply.text(Json.write(isExtraction(question) ? facts(data) : decisions(data)));
  }

  private static ObjectNode facts(JsonNode data) {
    ObjectNode answer = Json.object();
    ArrayNode facts = answer.putArray("facts");
    for (JsonNode message : data.get("messages")) {
      String text = message.get("text").asText();
      if (text.startsWith("note: ")) {
        ObjectNode fact = facts.addObject().put("text", text.substring("note: ".length())).put("kind", "fact")
            .put("subject", subject(text.substring("note: ".length()))).put("importance", 3);
        fact.putArray("messages").add(message.get("number").asInt());
        fact.putNull("about");
      }
    }
    return answer;
  }

  private ObjectNode decisions(JsonNode data) {
    ObjectNode answer = Json.object();
    ArrayNode decisions = answer.putArray("decisions");
    for (JsonNode fact : data.get("facts")) {
      String text = fact.get("text").asText();
      ObjectNode decision = decisions.addObject().put("fact", fact.get("number").asInt()).put("action", "add")
          .putNull("known").putNull("text");
      for (JsonNode known : data.get("known")) {
        if (known.get("text").asText().equals(text)) {
          decision.put("action", "none").putNull("known").putNull("text");
          break;
        }
        if (subject(known.get("text").asText()).equals(subject(text))) {
          decision.put("action", action).put("known", known.get("id").asText()).put("text", text);
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
