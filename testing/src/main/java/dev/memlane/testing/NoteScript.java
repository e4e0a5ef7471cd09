package dev.memlane.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The script of a model that remembers without being one. It reads a fact in each message "note: SUBJECT is VALUE", supersedes a
 * known fact of the same subject, and writes a profile by joining facts. Where it is asked for categories, a fact has those that
 * its message names, as in "note: food is vegan #diet #health".
 *
 * <pre>{@code
 * ChatProvider provider = ChatProvider.start(new NoteScript());
 * }</pre>
 *
 * <p>
 * Safe for use by several threads.
 */
public final class NoteScript implements Function<ChatQuestion, ChatReply> {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NOTE = "note: ";
  private static final Pattern CATEGORY = Pattern.compile(" #(\\S+)");
  private static final String CATEGORIES = "categories";

  private volatile Consumer<ChatQuestion> before = question -> {};
  private volatile String action = "supersede";

  /** Sets what is called with each question before it is answered. */
  public void before(Consumer<ChatQuestion> newBefore) {
    this.before = newBefore;
  }

  /** Sets what is decided about a fact of a known subject with another value: {@code supersede} unless set. */
  public void action(String newAction) {
    this.action = newAction;
  }

  /** Whether a question is one that reads messages, of one conversation or of several. */
  public static boolean isExtraction(ChatQuestion question) {
    return data(question).has("messages") || isPacked(question);
  }

  /** Whether a question reads the messages of several conversations. */
  public static boolean isPacked(ChatQuestion question) {
    return data(question).has("conversations");
  }

  /** What the model is shown. A complaint comes after it. */
  public static JsonNode data(ChatQuestion question) {
    try {
      return JSON.readTree(question.messages().get(1).text());
    } catch (IOException e) {
      throw new UncheckedIOException("the question is no JSON", e);
    }
  }

  @Override
  public ChatReply apply(ChatQuestion question) {
    before.accept(question);
    JsonNode data = data(question);
    boolean categories = question.messages().getFirst().text().contains("\"" + CATEGORIES + "\":");
    ObjectNode answer = data.has("conversations")
        ? conversations(data, categories)
        : data.has("messages")
            ? facts(data, categories)
            : data.has("profile") ? profile(data) : decisions(data, categories);
    return ChatReply.text(answer.toString());
  }

  private static ObjectNode conversations(JsonNode data, boolean categories) {
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode items = answer.putArray("conversations");
    for (JsonNode conversation : data.path("conversations")) {
      items.add(facts(conversation, categories).put("conversation", conversation.path("conversation").asInt()));
    }
    return answer;
  }

  private static ObjectNode facts(JsonNode data, boolean categories) {
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode facts = answer.putArray("facts");
    for (JsonNode message : data.path("messages")) {
      String text = message.path("text").asText();
      if (text.startsWith(NOTE)) {
        String said = CATEGORY.matcher(text.substring(NOTE.length())).replaceAll("");
        ObjectNode fact = facts.addObject().put("text", said).put("kind", "fact").put("subject", subject(said))
            .put("importance", 3);
        fact.putArray("messages").add(message.path("number").asInt());
        fact.putNull("about");
        if (categories) {
          ArrayNode named = fact.putArray(CATEGORIES);
          CATEGORY.matcher(text).results().forEach(found -> named.add(found.group(1)));
        }
      }
    }
    return answer;
  }

  private ObjectNode decisions(JsonNode data, boolean categories) {
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode decisions = answer.putArray("decisions");
    for (JsonNode fact : data.path("facts")) {
      String text = fact.path("text").asText();
      ObjectNode decision = decisions.addObject().put("fact", fact.path("number").asInt()).put("action", "add")
          .putNull("known").putNull("text");
      for (JsonNode known : data.path("known")) {
        String knownText = known.path("text").asText();
        if (knownText.equals(text)) {
          decision.put("action", "none").putNull("known").putNull("text").remove(CATEGORIES);
          break;
        }
        if (subject(knownText).equals(subject(text))) {
          decision.put("action", action).put("known", known.path("id").asText()).put("text", text);
          if (categories) {
            decision.set(CATEGORIES, fact.path(CATEGORIES));
          }
        }
      }
    }
    return answer;
  }

  private static String subject(String text) {
    int end = text.indexOf(" is ");
    return end < 0 ? text : text.substring(0, end);
  }

  /** Joins what the profile says and the facts, as far as there is room. */
  private static ObjectNode profile(JsonNode data) {
    StringBuilder text = new StringBuilder(data.path("profile").asText());
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode used = answer.putArray("facts");
    for (JsonNode fact : data.path("facts")) {
      String more = fact.path("text").asText() + ". ";
      if (text.length() + more.length() <= data.path("characters").asInt()) {
        text.append(more);
        used.add(fact.path("number").asInt());
      }
    }
    return answer.put("text", text.isEmpty() ? "Nothing fits." : text.toString());
  }
}
