package dev.memlane.extraction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.Memory;
import dev.memlane.model.TextForm;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The question for a profile: the text so far, and facts that are new or have changed.
 *
 * @param before the text so far; empty if there is none
 * @param facts at least one, in the order of their changes
 * @param characters how long the text may be
 * @param redaction what each text goes through before it is sent
 */
record ProfileQuestion(String before, List<Memory> facts, int characters, UnaryOperator<String> redaction) {

  /**
   * The answer.
   *
   * @param used the facts that the text relies on, in the order of the question
   */
  record Answer(String text, List<Memory> used) {}

  /** How long a fact is in the question, about. */
  static int length(Memory fact) {
    return Math.min(fact.content().length(), Extraction.LONGEST_TEXT);
  }

  List<ChatMessage> messages() {
    ObjectNode data = Json.object().put("profile", redaction.apply(before)).put("characters", characters);
    ArrayNode list = data.putArray("facts");
    for (int i = 0; i < facts.size(); i++) {
      Memory memory = facts.get(i);
      ObjectNode fact = list.addObject().put("number", i + 1).put("text",
          StorableText.shortened(redaction.apply(memory.content()), Extraction.LONGEST_TEXT));
      Fact.of(memory).ifPresent(of -> fact.put("kind", of.kind().word()).put("importance", of.importance()).put("since",
          of.validFrom().truncatedTo(ChronoUnit.SECONDS).toString()));
    }
    return List.of(new ChatMessage(ChatRole.SYSTEM, Prompts.PROFILE), new ChatMessage(ChatRole.USER, Json.write(data)));
  }

  Answer read(ChatAnswer answer) throws InvalidAnswerException {
    switch (answer.end()) {
      case REFUSED -> throw new InvalidAnswerException("it is a refusal");
      case CUT_OFF -> throw new InvalidAnswerException("it was cut off, because it is too long");
      case COMPLETE -> {
      }
    }
    JsonNode object = Json.firstObject(answer.text());
    if (object == null) {
      throw new InvalidAnswerException("it is no JSON object");
    }
    AnswerFields fields = new AnswerFields("the answer", object).exactly(Set.of("text", "facts"), Set.of());
    String text = fields.text("text", characters);
    if (TextForm.isBlank(text)) {
      throw new InvalidAnswerException("\"text\" has no visible character");
    }
    List<Memory> used = new ArrayList<>();
    if (!object.path("facts").isEmpty()) {
      for (int number : fields.numbers("facts", 1, facts.size())) {
        used.add(facts.get(number - 1));
      }
    } else if (!object.path("facts").isArray()) {
      throw new InvalidAnswerException("\"facts\" is no list");
    }
    return new Answer(text, used);
  }
}
