package dev.memlane.extraction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.Memory;
import dev.memlane.model.TextForm;
import dev.memlane.storage.conversation.RememberedAnswer;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The third step: what becomes of candidates, in the face of what is known.
 *
 * @param candidates at least one
 * @param redaction what each text goes through before it is sent
 * @param guidance which categories there are
 */
record Deliberation(List<Candidate> candidates, UnaryOperator<String> redaction, Guidance guidance) {

  /** The name of the step, for all candidates of a slice. */
  static final String STEP = "decide";

  private static final int LONGEST_WORD = 20;

  /** The name of the step for one candidate whose memory has changed since it was shown. */
  static String step(Candidate candidate, int round) {
    return STEP + " fact " + candidate.number() + " again, " + round;
  }

  List<ChatMessage> question(List<Memory> known) {
    ObjectNode data = Json.object();
    ArrayNode facts = data.putArray("facts");
    for (Candidate candidate : candidates) {
      ObjectNode fact = facts.addObject().put("number", candidate.number()).put("text", candidate.text())
          .put("kind", candidate.kind().word())
          .put("said", candidate.saidAt().truncatedTo(ChronoUnit.SECONDS).toString());
      putIfThere(fact, "about", candidate.about());
      putCategories(fact, candidate.categories());
    }
    ArrayNode list = data.putArray("known");
    for (int place = 0; place < known.size(); place++) {
      Memory memory = known.get(place);
      ObjectNode fact = list.addObject().put("id", Shown.handle(place)).put("text",
          StorableText.shortened(redaction.apply(memory.content()), Extraction.LONGEST_TEXT));
      Fact.of(memory).ifPresent(of -> {
        fact.put("kind", of.kind().word()).put("since", of.validFrom().truncatedTo(ChronoUnit.SECONDS).toString());
        putIfThere(fact, "about", of.about());
        putCategories(fact, of.categories());
      });
    }
    return List.of(new ChatMessage(ChatRole.SYSTEM, guidance.decisionPrompt()),
        new ChatMessage(ChatRole.USER, Json.write(data)));
  }

  private static void putIfThere(ObjectNode object, String field, @Nullable String value) {
    if (value != null) {
      object.put(field, value);
    }
  }

  private void putCategories(ObjectNode object, List<String> categories) {
    if (guidance.hasCategories()) {
      ArrayNode names = object.putArray("categories");
      // Others are of a time before, and would invite the model to name them.
      categories.stream().filter(guidance.categoryNames()::contains).forEach(names::add);
    }
  }

  /** The answer where nothing is known, for which no model is asked. */
  String addAll() {
    ObjectNode answer = Json.object();
    ArrayNode decisions = answer.putArray("decisions");
    for (Candidate candidate : candidates) {
      decisions.addObject().put("fact", candidate.number()).put("action", "add").putNull("known").putNull("text");
    }
    return Json.write(answer);
  }

  /** Reads the decisions, in the order of the candidates. */
  List<Decision> read(RememberedAnswer answer) throws InvalidAnswerException {
    List<Shown> shown = Shown.read(answer.shown());
    Map<Integer, Candidate> byNumber = new TreeMap<>();
    candidates.forEach(candidate -> byNumber.put(candidate.number(), candidate));
    Map<Integer, Decision> decisions = new TreeMap<>();
    int place = 0;
    for (JsonNode item : AnswerFields.list(answer, "decisions", candidates.size())) {
      place++;
      AnswerFields fields = new AnswerFields("decision " + place, item).exactly(Set.of("fact", "action"),
          guidance.hasCategories() ? Set.of("known", "text", "categories") : Set.of("known", "text"));
      int number = fields.number("fact", 1, Extraction.MOST_FACTS);
      Candidate candidate = byNumber.get(number);
      if (candidate == null) {
        throw new InvalidAnswerException("there is no fact " + number);
      }
      if (decisions.put(number, decision(fields, candidate, shown)) != null) {
        throw new InvalidAnswerException("there are two decisions for fact " + number);
      }
    }
    for (int number : byNumber.keySet()) {
      if (!decisions.containsKey(number)) {
        throw new InvalidAnswerException("there is no decision for fact " + number);
      }
    }
    return List.copyOf(decisions.values());
  }

  private Decision decision(AnswerFields fields, Candidate candidate, List<Shown> shown)
      throws InvalidAnswerException {
    String action = fields.text("action", LONGEST_WORD);
    String known = fields.textOrNull("known", LONGEST_WORD);
    String text = fields.textOrNull("text", Extraction.LONGEST_TEXT);
    int place = known == null ? -1 : Shown.place(known, shown.size());
    boolean changes = action.equals("update") || action.equals("supersede");
    if (place < 0 && (known != null || changes)) {
      throw new InvalidAnswerException(
          "the decision for fact " + candidate.number() + " names no fact of \"known\"");
    }
    if (changes && (text == null || TextForm.isBlank(text))) {
      throw new InvalidAnswerException("the decision for fact " + candidate.number() + " has no \"text\"");
    }
    List<String> categories = guidance.hasCategories() ? fields.someOf("categories", guidance.categoryNames()) : null;
    if (changes && guidance.hasCategories() && categories == null) {
      throw new InvalidAnswerException("the decision for fact " + candidate.number() + " has no \"categories\"");
    }
    return switch (action) {
      case "add" -> new Decision.Add(candidate);
      case "none" -> new Decision.None(candidate);
      case "update", "supersede" -> new Decision.Change(candidate, shown.get(place), Objects.requireNonNull(text),
          action.equals("supersede"), categories);
      default -> throw new InvalidAnswerException("\"action\" of the decision for fact " + candidate.number()
          + " is not one of those asked for");
    };
  }
}
