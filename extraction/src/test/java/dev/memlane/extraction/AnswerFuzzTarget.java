package dev.memlane.extraction;

import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MessageRole;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.storage.conversation.RememberedAnswer;
import dev.memlane.testing.fuzz.FuzzTarget;
import dev.memlane.testing.fuzz.Refusals;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A chat model's answer, as one with facts, as one with decisions, and as one about several conversations: it is read to what can be stored and names nothing that
 * was not shown, or is refused.
 */
public final class AnswerFuzzTarget implements FuzzTarget {

  private static final Instant NOW = Instant.parse("2026-03-02T09:00:00Z");
  private static final Scope CHAT = Scope.user("ada").withRun("monday");
  private static final List<ConversationMessage> MESSAGES = List.of(message(1), message(2));
  private static final Extraction EXTRACTION = new Extraction(CHAT, List.of(), MESSAGES, UnaryOperator.identity(),
      Guidance.NONE);
  private static final Deliberation DELIBERATION = new Deliberation(List.of(
      new Candidate(1, CHAT, "home is Porto", FactKind.FACT, null, 3, MESSAGES, null, List.of()),
      new Candidate(2, CHAT, "job is baker", FactKind.FACT, "job", 3, MESSAGES, "2026-03-01", List.of())),
      UnaryOperator.identity(), Guidance.NONE);
  private static final PackedExtraction PACKED = packed();
  private static final String SHOWN = Shown.write(List.of(memory("one"), memory("two")));

  private static ConversationMessage message(long position) {
    return new ConversationMessage(position, new UUID(0, position), MessageRole.USER, "text", "test", "", NOW);
  }

  private static PackedExtraction packed() {
    Guidance guidance = new Guidance("Only homes.", List.of(new FactCategory("home", "Where they live.")));
    return new PackedExtraction(guidance,
        List.of(new Extraction(CHAT, List.of(), MESSAGES.subList(0, 1), UnaryOperator.identity(), guidance),
            new Extraction(Scope.user("ada").withRun("tuesday"), List.of(),
                MESSAGES.subList(1, 2), UnaryOperator.identity(), guidance)));
  }

  private static Memory memory(String name) {
    MemoryId id = MemoryId.derive(CHAT, name);
    return new Memory(id, Scope.user("ada"), null, null, name, Metadata.empty(), null, NOW, NOW, null, 1,
        new OperationId(id.value()));
  }

  @Override
  public String name() {
    return "answer";
  }

  @Override
  public List<byte[]> seeds() {
    return Stream.of(
        "{\"facts\":[{\"text\":\"home is Porto\",\"kind\":\"fact\",\"subject\":\"home\",\"importance\":3,\"messages\":[1,2],"
            + "\"about\":\"2026-03-01\"},{\"text\":\"x\",\"kind\":\"plan\",\"importance\":5,\"messages\":[2]}]}",
        "```json\n{\"facts\":[]}\n```",
        "{\"decisions\":[{\"fact\":1,\"action\":\"add\",\"known\":null,\"text\":null},"
            + "{\"fact\":2,\"action\":\"supersede\",\"known\":\"m2\",\"text\":\"job is florist\"}]}",
        "{\"decisions\":[{\"fact\":2,\"action\":\"none\"},{\"fact\":1,\"action\":\"update\",\"known\":\"m1\",\"text\":\"y\"}]}",
        "{\"conversations\":[{\"conversation\":2,\"facts\":[{\"text\":\"home is Porto\",\"kind\":\"fact\",\"importance\":3,"
            + "\"messages\":[2],\"categories\":[\"home\"]}]},{\"conversation\":1,\"facts\":[]}]}",
        "No {idea}.").map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
  }

  @Override
  public List<String> words() {
    return List.of("\"facts\":", "\"decisions\":", "\"conversations\":", "\"conversation\":", "\"categories\":",
        "\"home\"", "\"action\":", "\"known\":", "\"m1\"", "\"m3\"", "\"delete\"",
        "\"user\":",
        "\"instruction\"", "null", "{", "}", "[", "]", ",", "\"", "\\u0000", "\\ud800", "9999999999", "1e400", "-1",
        "0.5",
        "\"0000-00-00\"", "\"2026-02-30\"", "\u200B");
  }

  private static void checkPacked(RememberedAnswer answer, byte[] input) {
    List<RememberedAnswer> alone;
    try {
      alone = PACKED.read(answer);
    } catch (InvalidAnswerException e) {
      Refusals.requirePlain(e.getMessage(), input);
      return;
    }
    if (alone.size() != PACKED.parts().size()) {
      throw new AssertionError("there is not one answer for each conversation");
    }
    for (int i = 0; i < alone.size(); i++) {
      try {
        for (Candidate candidate : PACKED.parts().get(i).read(alone.get(i))) {
          if (!PACKED.parts().get(i).messages().containsAll(candidate.messages())
              || !PACKED.guidance().categoryNames().containsAll(candidate.categories())) {
            throw new AssertionError("a fact has what its conversation has not");
          }
        }
      } catch (InvalidAnswerException e) {
        throw new AssertionError("what is kept is not valid", e);
      }
    }
  }

  @Override
  public void check(byte[] input) {
    RememberedAnswer answer = new RememberedAnswer("test", 1, SHOWN,
        StorableText.of(new String(input, StandardCharsets.UTF_8)), RememberedAnswer.End.COMPLETE);
    checkPacked(answer, input);
    try {
      for (Candidate candidate : EXTRACTION.read(answer)) {
        NewMemory stored = NewMemory.builder(candidate.text(), Scope.user("ada")).key(candidate.key())
            .metadata(candidate.fact().onto(Metadata.empty())).occurredAt(candidate.occurredAt())
            .build();
        if (Fact.of(stored.metadata(), stored.scope()).isEmpty() || !MESSAGES.containsAll(candidate.messages())) {
          throw new AssertionError("it reads back as no fact");
        }
      }
    } catch (InvalidAnswerException e) {
      Refusals.requirePlain(e.getMessage(), input);
    }
    try {
      List<Decision> decisions = DELIBERATION.read(answer);
      if (!decisions.stream().map(Decision::candidate).toList().equals(DELIBERATION.candidates())) {
        throw new AssertionError("there is not one decision for each fact");
      }
      for (Decision decision : decisions) {
        if (decision instanceof Decision.Change change && (!Shown.read(SHOWN).contains(change.target())
            || !StorableText.of(change.text()).equals(change.text()))) {
          throw new AssertionError("a decision names what was not shown");
        }
      }
    } catch (InvalidAnswerException e) {
      Refusals.requirePlain(e.getMessage(), input);
    }
  }
}
