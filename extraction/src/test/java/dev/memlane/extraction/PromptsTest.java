package dev.memlane.extraction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MessageRole;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The user's page quotes what is sent, word for word. */
class PromptsTest {

  private static final Path PAGE = Path.of("..", "docs", "remember.md");

  @Test
  void prompts_areQuotedByTheUsersPage() throws IOException {
    assumeTrue(Files.exists(PAGE), "the tests run outside of a checkout");
    String page = words(Files.readString(PAGE));

    assertThat(page).contains(words(Prompts.EXTRACT)).contains(words(Prompts.DECIDE)).contains(words(Prompts.PROFILE))
        .contains(words(Prompts.AGAIN.replace("%s", "..."))).contains(words(Prompts.INSTRUCTIONS))
        .contains(words(Prompts.CATEGORIES)).contains(words(Prompts.SEVERAL))
        .contains(words(Prompts.CATEGORIES_OF_DECISIONS));
  }

  @Test
  void examples_onTheUsersPage_areWhatIsSent() throws IOException {
    assumeTrue(Files.exists(PAGE), "the tests run outside of a checkout");
    Scope chat = Scope.user("ada").withRun("monday");
    List<ConversationMessage> said = List.of(message(2, MessageRole.USER, "09:14:00", "We moved to Porto yesterday."),
        message(3, MessageRole.ASSISTANT, "09:14:05", "How nice!"));
    Extraction extraction = new Extraction(chat,
        List.of(message(1, MessageRole.ASSISTANT, "09:13:20", "And where do you live now?")), said,
        UnaryOperator.identity(), Guidance.NONE);
    Extraction other = new Extraction(chat, List.of(),
        List.of(message(4, MessageRole.USER, Instant.parse("2026-03-09T18:02:00Z"), "I can't eat nuts.")),
        UnaryOperator.identity(), Guidance.NONE);
    Candidate candidate = new Candidate(1, chat, "The user has lived in Porto since 2026-03-01.", FactKind.FACT, null,
        3,
        said.subList(0, 1), "2026-03-01", List.of());
    Instant since = Instant.parse("2025-11-07T18:30:00Z");
    MemoryId id = MemoryId.derive(chat, "known");
    Memory known = new Memory(id, Scope.user("ada"), null, null, "The user lives in Lisbon.",
        new Fact(FactKind.FACT, null, 3, List.of(), null, since, FactChange.ADDED, List.of()).onto(Metadata.empty()),
        null, since,
        since, null, 1, new OperationId(id.value()));

    List<JsonNode> examples = Pattern.compile("(?s)```json\n(.*?)```").matcher(Files.readString(PAGE)).results()
        .map(found -> Json.readOwn(found.group(1))).toList();

    assertThat(examples).containsExactly(Json.readOwn(extraction.question().getLast().text()),
        Json.readOwn(new PackedExtraction(Guidance.NONE, List.of(extraction, other)).question().getLast().text()),
        Json.readOwn(
            new Deliberation(List.of(candidate), UnaryOperator.identity(), Guidance.NONE).question(List.of(known))
                .getLast().text()));
  }

  @Test
  void costs_onTheUsersPage_areThoseOfTheEstimate() throws IOException {
    assumeTrue(Files.exists(PAGE), "the tests run outside of a checkout");
    assertThat(Files.readString(PAGE)).contains("about " + cost(Prompts.EXTRACT, Prompts.FACTS) + " and "
        + cost(Prompts.DECIDE, Prompts.DECISIONS) + " tokens").contains("about "
            + (cost(Guidance.NONE.packedPrompt(), Guidance.NONE.packedSchema()) - cost(Prompts.EXTRACT, Prompts.FACTS))
            + " tokens for each call");
  }

  private static long cost(String prompt, AnswerSchema schema) {
    long tokens = new ChatRequest(List.of(new ChatMessage(ChatRole.SYSTEM, prompt)), schema, 1).estimatedTokens() - 1;
    return (tokens + 5) / 10 * 10;
  }

  private static ConversationMessage message(long position, MessageRole role, String time, String text) {
    return message(position, role, Instant.parse("2026-03-02T" + time + "Z"), text);
  }

  private static ConversationMessage message(long position, MessageRole role, Instant time, String text) {
    return new ConversationMessage(position, new UUID(0, position), role, text, "test", "", time);
  }

  /** Lines are broken elsewhere on a page. */
  private static String words(String text) {
    return text.replaceAll("\\s+", " ").strip();
  }
}
