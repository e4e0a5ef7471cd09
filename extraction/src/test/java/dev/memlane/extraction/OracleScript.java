package dev.memlane.extraction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.testing.ChatQuestion;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.NoteScript;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model that reads a fact in each message "Since DAY, SUBJECT is VALUE.", and supersedes a known fact of the same subject.
 * The first answer to some questions is one that real models give by mistake.
 */
final class OracleScript implements Function<ChatQuestion, ChatReply> {

  private static final Pattern STATEMENT = Pattern.compile("Since (\\S+), (\\S+) is (\\S+)\\.");
  /** How many messages a question has at first: the instructions and the data. A complaint adds two. */
  private static final int FIRST = 2;

  private final Mistakes mistakes;

  /** Picks the mistakes. */
  interface Mistakes {

    /**
     * @param right the right answer
     * @return another one; the right one for no mistake
     */
    ChatReply of(String right);
  }

  OracleScript(Mistakes mistakes) {
    this.mistakes = mistakes;
  }

  static String statement(String day, String subject, String value) {
    return "Since " + day + ", " + subject + " is " + value + ".";
  }

  /** The content of the memory that keeps a statement. */
  static String content(String subject, String value) {
    return subject + " is " + value;
  }

  @Override
  public ChatReply apply(ChatQuestion question) {
    JsonNode data = Json.readOwn(question.messages().get(1).text());
    String right = Json.write(NoteScript.isExtraction(question) ? facts(data) : decisions(data));
    return question.messages().size() == FIRST ? mistakes.of(right) : ChatReply.text(right);
  }

  private static ObjectNode facts(JsonNode data) {
    ObjectNode answer = Json.object();
    ArrayNode facts = answer.putArray("facts");
    for (JsonNode message : data.get("messages")) {
      Matcher statement = STATEMENT.matcher(message.get("text").asText());
      if (statement.matches()) {
        ObjectNode fact = facts.addObject().put("text", content(statement.group(2), statement.group(3)))
            .put("kind", "fact").put("subject", statement.group(2)).put("importance", 3)
            .put("about", statement.group(1));
        fact.putArray("messages").add(message.get("number").asInt());
      }
    }
    return answer;
  }

  private static ObjectNode decisions(JsonNode data) {
    ObjectNode answer = Json.object();
    ArrayNode decisions = answer.putArray("decisions");
    for (JsonNode fact : data.get("facts")) {
      String text = fact.get("text").asText();
      ObjectNode decision = decisions.addObject().put("fact", fact.get("number").asInt()).put("action", "add")
          .putNull("known").putNull("text");
      for (JsonNode known : data.get("known")) {
        String knownText = known.get("text").asText();
        if (knownText.equals(text)) {
          decision.put("action", "none");
        } else if (knownText.startsWith(text.substring(0, text.indexOf(" is ") + " is ".length()))) {
          decision.put("action", "supersede").put("known", known.get("id").asText()).put("text", text);
        }
      }
    }
    return answer;
  }
}
