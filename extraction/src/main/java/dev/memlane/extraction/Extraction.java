package dev.memlane.extraction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageRole;
import dev.memlane.model.Scope;
import dev.memlane.model.TextForm;
import dev.memlane.model.TimeParser;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.Conversations;
import dev.memlane.orchestrator.MessagePage;
import dev.memlane.storage.conversation.RememberedAnswer;
import dev.memlane.storage.conversation.RememberedSlice;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The first step: which facts a slice contains.
 *
 * @param before messages before the slice, which help to understand it
 * @param messages those of the slice that people or the model have said; their numbers in the question begin with 1
 * @param redaction what each text goes through before it is sent
 * @param guidance what the owner wants to be noted
 */
record Extraction(Scope conversation, List<ConversationMessage> before, List<ConversationMessage> messages,
    UnaryOperator<String> redaction, Guidance guidance) {

  /** The name of the step. */
  static final String STEP = "extract";
  /** The longest text of a fact, in characters. */
  static final int LONGEST_TEXT = 1_000;
  /** The most facts of a slice. */
  static final int MOST_FACTS = 100;
  /** How much of a message a model is shown, in characters. */
  static final int LONGEST_SHOWN = 8_000;

  private static final int PAGE = 200;
  private static final int MESSAGES_BEFORE = 4;
  private static final int LONGEST_TIME = 40;
  private static final int LONGEST_KIND = 20;

  /** Reads the messages of a slice, and a few before it, that people or the model have said. */
  static Extraction of(RememberedSlice slice, Conversations conversations, UnaryOperator<String> redaction,
      Guidance guidance) {
    List<ConversationMessage> said = new ArrayList<>();
    @Nullable
    Long from = Math.max(0, slice.after() - MESSAGES_BEFORE);
    while (from != null) {
      MessagePage page = BlockingMemory.await(conversations.messages(slice.conversation(), from, PAGE));
      page.messages().stream().filter(message -> message.position() <= slice.last() && isSaid(message))
          .forEach(said::add);
      from = page.messages().isEmpty() || page.messages().getLast().position() >= slice.last() ? null : page.next();
    }
    return new Extraction(slice.conversation(),
        said.stream().filter(message -> message.position() <= slice.after()).toList(),
        said.stream().filter(message -> message.position() > slice.after()).toList(), redaction, guidance);
  }

  /** Whether a message is shown to the model: what a user or an assistant says, and no tool. */
  static boolean isSaid(ConversationMessage message) {
    String text = message.text();
    return (message.role() == MessageRole.USER || message.role() == MessageRole.ASSISTANT) && text != null
        && !TextForm.isBlank(text);
  }

  /** How many characters of a message a model is shown. */
  static int shownLength(ConversationMessage message) {
    String text = message.text();
    return text == null || !isSaid(message) ? 0 : Math.min(text.length(), LONGEST_SHOWN);
  }

  List<ChatMessage> question() {
    return List.of(new ChatMessage(ChatRole.SYSTEM, guidance.extractionPrompt()),
        new ChatMessage(ChatRole.USER, Json.write(describe(Json.object(), 1))));
  }

  /**
   * Adds the messages to an object.
   *
   * @param first the number of the first one
   */
  ObjectNode describe(ObjectNode data, int first) {
    ArrayNode earlier = data.putArray("before");
    before.forEach(message -> describe(earlier.addObject(), message));
    ArrayNode numbered = data.putArray("messages");
    for (int i = 0; i < messages.size(); i++) {
      describe(numbered.addObject().put("number", first + i), messages.get(i));
    }
    return data;
  }

  private void describe(ObjectNode described, ConversationMessage message) {
    Optional<RecordedMessage> recorded = RecordedMessage.of(message);
    Party party = recorded.map(RecordedMessage::party)
        .orElse(message.role() == MessageRole.USER ? Party.USER : Party.ASSISTANT);
    described.put("role", party.word());
    recorded.map(RecordedMessage::name).ifPresent(name -> described.put("name", shown(name)));
    described.put("time", RecordedMessage.saidAt(message).truncatedTo(ChronoUnit.SECONDS).toString())
        .put("text", shown(String.valueOf(message.text())));
  }

  private String shown(String text) {
    return StorableText.shortened(redaction.apply(StorableText.of(text)), LONGEST_SHOWN);
  }

  List<Candidate> read(RememberedAnswer answer) throws InvalidAnswerException {
    List<Candidate> candidates = new ArrayList<>();
    for (JsonNode item : AnswerFields.list(answer, "facts", MOST_FACTS)) {
      candidates.add(candidate(candidates.size() + 1, item));
    }
    return candidates;
  }

  private Candidate candidate(int number, JsonNode item) throws InvalidAnswerException {
    Set<String> required = guidance.hasCategories()
        ? Set.of("text", "kind", "importance", "messages", "categories")
        : Set.of("text", "kind", "importance", "messages");
    AnswerFields fields = new AnswerFields("fact " + number, item).exactly(required, Set.of("subject", "about"));
    String text = fields.text("text", LONGEST_TEXT);
    if (TextForm.isBlank(text)) {
      throw new InvalidAnswerException("\"text\" of fact " + number + " has no visible character");
    }
    FactKind kind = FactKind.of(fields.text("kind", LONGEST_KIND)).orElseThrow(
        () -> new InvalidAnswerException("\"kind\" of fact " + number + " is not one of those asked for"));
    List<ConversationMessage> said = new ArrayList<>();
    for (int each : fields.numbers("messages", 1, messages.size())) {
      said.add(messages.get(each - 1));
    }
    return new Candidate(number, conversation, text, kind, fields.textOrNull("subject", Fact.LONGEST_SUBJECT),
        fields.number("importance", 1, Fact.HIGHEST_IMPORTANCE), said, about(number, fields), categories(fields));
  }

  private List<String> categories(AnswerFields fields) throws InvalidAnswerException {
    List<String> categories = guidance.hasCategories() ? fields.someOf("categories", guidance.categoryNames()) : null;
    return categories == null ? List.of() : categories;
  }

  private static @Nullable String about(int number, AnswerFields fields) throws InvalidAnswerException {
    String about = fields.textOrNull("about", LONGEST_TIME);
    try {
      Instant unused = about == null ? null : TimeParser.standard().parse("about", about);
    } catch (InvalidInputException e) {
      throw new InvalidAnswerException("\"about\" of fact " + number + " is neither null nor a day as YYYY-MM-DD");
    }
    return about;
  }
}
