package dev.memlane.extraction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.storage.conversation.RememberedAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * The first step of several slices at once, each of another conversation, which are asked about in one question. Its answer is
 * read to one answer for each, as a question about it alone would have had; if anything in it is not valid, nothing of it
 * counts. Messages are numbered through all conversations, so that a fact with messages of another conversation can't be taken
 * for one of its own.
 *
 * @param parts at least two, under the same guidance
 */
record PackedExtraction(Guidance guidance, List<Extraction> parts) {

  /** The name of the step. An answer to it says no more than that its slice is to be asked about alone. */
  static final String STEP = "pack";

  PackedExtraction {
    parts = List.copyOf(parts);
  }

  List<ChatMessage> question() {
    ObjectNode data = Json.object();
    ArrayNode conversations = data.putArray("conversations");
    int first = 1;
    for (Extraction part : parts) {
      ObjectNode unused = part.describe(conversations.addObject().put("conversation", conversations.size()), first);
      first += part.messages().size();
    }
    return List.of(new ChatMessage(ChatRole.SYSTEM, guidance.packedPrompt()),
        new ChatMessage(ChatRole.USER, Json.write(data)));
  }

  /** Reads the answers of the parts, in their order, as they are kept. */
  List<RememberedAnswer> read(RememberedAnswer answer) throws InvalidAnswerException {
    TreeMap<Integer, RememberedAnswer> answers = new TreeMap<>();
    int place = 0;
    for (JsonNode item : AnswerFields.list(answer, "conversations", parts.size())) {
      place++;
      AnswerFields fields = new AnswerFields("item " + place, item).exactly(Set.of("conversation", "facts"), Set.of());
      int number = fields.number("conversation", 1, parts.size());
      if (answers.put(number, answer(number, item.get("facts"))) != null) {
        throw new InvalidAnswerException("there are two items for conversation " + number);
      }
    }
    if (answers.size() < parts.size()) {
      throw new InvalidAnswerException("there is not an item for each conversation");
    }
    return List.copyOf(answers.values());
  }

  private RememberedAnswer answer(int number, JsonNode list) throws InvalidAnswerException {
    if (!list.isArray()) {
      throw new InvalidAnswerException("\"facts\" of conversation " + number + " is no list");
    }
    Extraction part = parts.get(number - 1);
    int before = parts.subList(0, number - 1).stream().mapToInt(each -> each.messages().size()).sum();
    ObjectNode alone = Json.object();
    ArrayNode facts = alone.putArray("facts");
    for (JsonNode fact : list) {
      facts.add(
          alone("fact " + (facts.size() + 1) + " of conversation " + number, fact, before, part.messages().size()));
    }
    RememberedAnswer kept = new RememberedAnswer(guidance.step(Extraction.STEP), 1, "[]", Json.write(alone),
        RememberedAnswer.End.COMPLETE);
    List<Candidate> unused = part.read(kept);
    return kept;
  }

  /** A fact with the numbers that its messages have where the conversation is alone. */
  private static JsonNode alone(String what, JsonNode fact, int before, int count) throws InvalidAnswerException {
    if (!(fact instanceof ObjectNode object)) {
      throw new InvalidAnswerException(what + " is no object");
    }
    List<Integer> numbers = new ArrayList<>(
        new AnswerFields(what, object).numbers("messages", before + 1, before + count));
    ObjectNode alone = object.deepCopy();
    ArrayNode renumbered = alone.putArray("messages");
    numbers.forEach(number -> renumbered.add(number - before));
    return alone;
  }
}
