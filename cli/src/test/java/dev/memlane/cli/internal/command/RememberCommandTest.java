package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.command.CommandRunner.Run;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatQuestion;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.NoteScript;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code remember}, with a real database and a scripted model behind HTTP. */
@Tag("programs")
class RememberCommandTest {

  private static final Path EXPORTS = Path.of("src/test/resources/dev/memlane/cli/internal/conversation");
  private static final String CHATGPT = EXPORTS.resolve("chatgpt.json").toString();
  private static final String KEY = "sk-secret-of-the-test";

  @TempDir
  Path directory;

  private final ChatProvider provider = ChatProvider.start(new NoteScript());
  private CommandRunner commands;

  @BeforeEach
  void open() {
    commands = new CommandRunner(directory.resolve("data"), directory, TestServer.freshDatabase());
    commands.variable("MEMLANE_CHAT_URL", provider.url());
    commands.variable("MEMLANE_CHAT_MODEL", "test");
    commands.variable("MEMLANE_CHAT_KEY", KEY);
  }

  @AfterEach
  void close() {
    provider.close();
  }

  private Run remember(String... arguments) {
    List<String> all = new ArrayList<>(List.of("remember", "--user", "ada"));
    all.addAll(List.of(arguments));
    return commands.run(all.toArray(String[]::new));
  }

  private List<String> memories() {
    List<String> contents = new ArrayList<>();
    commands.run("list", "--user", "ada", "--json").json().path("memories")
        .forEach(memory -> contents.add(memory.path("content").asText()));
    return contents;
  }

  private Path file(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  @Test
  void export_isRemembered_andItsSecondConversationSupersedesTheFirst() {
    JsonNode answer = remember(CHATGPT, "--chat-concurrency", "1", "--json").json();

    assertThat(answer.path("conversations").asInt()).isEqualTo(2);
    assertThat(answer.path("read").asInt()).isEqualTo(3);
    assertThat(answer.path("added").asInt()).isEqualTo(1);
    assertThat(answer.path("superseded").asInt()).isEqualTo(1);
    assertThat(answer.path("modelCalls").asInt()).isEqualTo(provider.questions().size()).isEqualTo(2);
    assertThat(answer.path("promptTokens").asInt()).isPositive();
    assertThat(answer.path("ended").isNull()).isTrue();
    assertThat(memories()).containsExactly("home is Porto");
    assertThat(provider.questions()).extracting(ChatQuestion::key).containsOnly(KEY);
  }

  @Test
  void sameExportAgain_asksNothing_andWritesNothing() {
    Run first = remember(CHATGPT);
    assertThat(first.status()).as(first.err()).isZero();
    int asked = provider.questions().size();

    Run again = remember(CHATGPT);

    assertThat(again.status()).isZero();
    assertThat(again.out()).contains("2 conversations remembered").contains("0 messages read", "0 model calls");
    assertThat(provider.questions()).hasSize(asked);
  }

  @Test
  void grownExport_hasOnlyItsNewMessagesRead() throws IOException {
    Path file = file("chat.jsonl", "{\"role\":\"user\",\"content\":\"note: home is Porto\"}\n");
    remember(file.toString());
    file("chat.jsonl", "{\"role\":\"user\",\"content\":\"note: home is Porto\"}\n"
        + "{\"role\":\"user\",\"content\":\"note: home is Faro\"}\n");

    JsonNode answer = remember(file.toString(), "--json").json();

    assertThat(answer.path("read").asInt()).isEqualTo(1);
    assertThat(answer.path("superseded").asInt()).isEqualTo(1);
    assertThat(memories()).containsExactly("home is Faro");
  }

  @Test
  void mode_saysWhatBecomesMemories_andForMessagesAloneNoModelIsNeeded() throws IOException {
    Path one = file("one.jsonl", "{\"role\":\"user\",\"content\":\"note: home is Porto\"}\n");
    Path two = file("two.jsonl", "{\"role\":\"user\",\"content\":\"note: dog is Rex\"}\n");
    assertThat(remember(one.toString(), "--mode", "Both").status()).isZero();
    commands.variable("MEMLANE_CHAT_MODEL", "");
    commands.variable("MEMLANE_CHAT_MODE", "messages");
    int asked = provider.questions().size();

    Run run = remember(two.toString());
    Run again = remember(two.toString());
    Run wrong = remember(two.toString(), "--mode", "all");

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(again.status()).as(again.err()).isZero();
    assertThat(provider.questions()).hasSize(asked);
    assertThat(memories()).containsExactlyInAnyOrder("note: home is Porto", "home is Porto", "note: dog is Rex");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.err()).contains("it must be one of messages, facts, both");
  }

  private Path manyChats(int count) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < count; i++) {
      lines.append("{\"messages\":[{\"role\":\"user\",\"content\":\"note: thing").append(i)
          .append(" is x #diet\"}]}\n");
    }
    return file("many.jsonl", lines.toString());
  }

  private List<ChatQuestion> extractions() {
    return provider.questions().stream().filter(NoteScript::isExtraction).toList();
  }

  @Test
  void shortConversations_areReadTogether_unlessToldNotTo() throws IOException {
    Path file = manyChats(25);

    JsonNode answer = remember(file.toString(), "--json").json();

    assertThat(answer.path("conversations").asInt()).isEqualTo(25);
    assertThat(answer.path("added").asInt()).isEqualTo(25);
    assertThat(answer.path("read").asInt()).isEqualTo(25);
    assertThat(answer.path("modelCalls").asInt()).isEqualTo(provider.questions().size());
    assertThat(extractions()).hasSize(3);
    commands.variable("MEMLANE_CHAT_CONVERSATIONS_PER_CALL", "1");
    commands.run("remember", "--user", "ben", file.toString());
    assertThat(extractions()).hasSize(3 + 25);
    commands.run("remember", "--user", "cleo", file.toString(), "--conversations-per-call", "25");
    assertThat(extractions()).hasSize(3 + 25 + 1);
    Run wrong = remember(file.toString(), "--conversations-per-call", "51");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.err()).contains("--conversations-per-call is 51; it must be 1 to 50");
  }

  @Test
  void oneConversationAtATime_isInTheOrderOfTheExport() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 23; i++) {
      lines.append("{\"messages\":[{\"role\":\"user\",\"content\":\"note: home is place").append(i).append("\"}]}\n");
    }

    remember(file("order.jsonl", lines.toString()).toString(), "--chat-concurrency", "1");

    assertThat(extractions()).hasSize(3);
    assertThat(memories()).containsExactly("home is place22");
  }

  @Test
  void instructionsAndCategories_areOptionsAndSettings_andFiltersFindTheCategories() throws IOException {
    Path settings = file("memlane.toml", """
        [chat]
        instructions = \"""
        Only "diets".
        Never health.\"""
        categories = ["diet=What they eat, and what not.", "work=Their job."]
        """);

    Run run = remember(manyChats(1).toString(), "--config", settings.toString());

    assertThat(run.status()).as(run.err()).isZero();
    String system = provider.questions().getFirst().messages().getFirst().text();
    assertThat(system).contains("{\"instructions\":\"Only \\\"diets\\\".\\nNever health.\"}")
        .contains("{\"diet\":\"What they eat, and what not.\",\"work\":\"Their job.\"}");
    JsonNode found = commands.run("list", "--user", "ada", "--filter", "fact.categories=diet", "--json").json();
    assertThat(found.path("memories").get(0).path("content").asText()).isEqualTo("thing0 is x");
    assertThat(commands.run("list", "--user", "ada", "--filter", "fact.categories=work", "--json").json()
        .path("memories")).isEmpty();
    int plain = commands.run("remember", "--dry-run", manyChats(1).toString(), "--json").json().get(0).path("tokens")
        .asInt();
    JsonNode guided = commands.run("remember", "--dry-run", manyChats(1).toString(), "--json", "--chat-categories",
        "diet=What they eat; work=Their job;", "--chat-instructions", "Only diets.").json();
    assertThat(guided.get(0).path("tokens").asInt()).isGreaterThan(plain + 100);
  }

  @Test
  void categoriesAndInstructions_thatAreNotValid_areExplained() throws IOException {
    String file = manyChats(1).toString();
    assertThat(remember(file, "--chat-categories", "diet").err()).contains("a category is NAME=DESCRIPTION");
    assertThat(remember(file, "--chat-categories", "a b=Both").err()).contains("the name of a category must consist");
    assertThat(remember(file, "--chat-categories", "a=One;A=Two").err()).contains("there are two categories");
    Run tooLong = remember(file, "--chat-instructions", "x".repeat(4_001));
    assertThat(tooLong.status()).isEqualTo(2);
    assertThat(tooLong.err()).contains("the instructions have 4001 characters; the limit is 4000");
    assertThat(provider.questions()).isEmpty();
  }

  @Test
  void budgetUsedUp_endsEarly_saysWhenItGoesOn_andResumes() throws Exception {
    Path file = file("chat.jsonl", "{\"role\":\"user\",\"content\":\"note: home is Porto\"}\n");
    assertThat(remember(file.toString()).status()).isZero();
    file("chat.jsonl", "{\"role\":\"user\",\"content\":\"note: home is Porto\"}\n"
        + "{\"role\":\"user\",\"content\":\"note: home is Faro\"}\n");

    // The first run has been counted as well.
    Run paused = remember(file.toString(), "--tokens-a-day", "5300");
    Run wrong = remember(file.toString(), "--tokens-a-call", "0");

    assertThat(paused.status()).isEqualTo(1);
    assertThat(paused.err()).contains("the budget of 5,300 tokens a day is used up; it begins anew at ")
        .contains("T00:00:00Z. Run it again to resume.");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.err()).contains("--tokens-a-call is 0; it must be at least 1");
    assertThat(provider.questions()).hasSize(1);
    assertThat(remember(file.toString(), "--tokens-a-day", "100000").status()).isZero();
    assertThat(memories()).containsExactly("home is Faro");
  }

  @Test
  void chatAmongPeople_isShownWithNamesAndTimes_whenItIsSaidWhoTheUserIs() {
    String chat = EXPORTS.resolve("whatsapp-android.txt").toString();
    Run unknown = remember(chat);
    assertThat(unknown.status()).isEqualTo(2);
    assertThat(unknown.err()).contains("say with --me which of them is the user: Bo, Ada Byron");
    Run wrong = remember(chat, "--me", "Cy");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.err()).contains("nobody in it is called Cy");
    assertThat(provider.questions()).isEmpty();

    Run run = remember(chat, "--me", "Ada Byron", "--time-zone", "Europe/Berlin");

    assertThat(run.status()).as(run.err()).isZero();
    JsonNode messages = NoteScript.data(provider.questions().getFirst()).path("messages");
    assertThat(messages.get(0).path("role").asText()).isEqualTo("other");
    assertThat(messages.get(0).path("name").asText()).isEqualTo("Bo");
    assertThat(messages.get(1).path("role").asText()).isEqualTo("user");
    assertThat(messages.get(1).path("time").asText()).isEqualTo("2024-01-02T11:08:00Z");
    JsonNode memory = commands.run("list", "--user", "ada", "--json").json().path("memories").get(0);
    assertThat(memory.path("occurredAt").asText()).isEqualTo("2024-01-02T11:08:00Z");
  }

  @Test
  void otherUserInTheSameChat_isRefusedForThatConversation() {
    String chat = EXPORTS.resolve("telegram.json").toString();
    assertThat(remember(chat, "--me", "Ada").status()).isZero();

    Run run = remember(chat, "--me", "Bo");

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("telegram:4815162342").contains("--me");
  }

  @Test
  void dryRun_saysWhatThereIs_andNeedsNothing() {
    CommandRunner bare = new CommandRunner(directory.resolve("nothing"), directory, null);

    Run run = bare.run("remember", "--dry-run", CHATGPT, EXPORTS.resolve("whatsapp-iphone.txt").toString(),
        "--time-zone", "UTC");

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains(
        "chatgpt, 2 conversations, 3 messages, 2024-03-02 09:14 to 2025-03-02 09:14, about ",
        "whatsapp, 1 conversation, 4 messages, 2023-12-31 23:59 to 2024-01-01 00:00, about ",
        "speakers: Ada Byron, Bo");
    assertThat(directory.resolve("nothing")).doesNotExist();
    JsonNode json = bare.run("remember", "--dry-run", CHATGPT, "--json").json();
    assertThat(json.get(0).path("format").asText()).isEqualTo("chatgpt");
    assertThat(json.get(0).path("tokens").asInt()).isGreaterThan(1_000);
  }

  @Test
  void withoutAModel_itIsSaidWhatToSet_andMessagesAloneAreKeptOnRequest() {
    commands.variable("MEMLANE_CHAT_MODEL", "");
    Run refused = remember(CHATGPT);
    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.err()).contains("--chat-model", "$MEMLANE_CHAT_MODEL", "chat.model");

    Run kept = remember(CHATGPT, "--messages-only");
    assertThat(kept.status()).as(kept.err()).isZero();
    assertThat(kept.out()).contains("2 conversations kept");
    assertThat(memories()).isEmpty();
    assertThat(provider.questions()).isEmpty();

    Run later = remember(CHATGPT, "--chat-model", "test", "--chat-concurrency", "1");
    assertThat(later.status()).as(later.err()).isZero();
    assertThat(memories()).containsExactly("home is Porto");
  }

  @Test
  void openAi_withoutAKey_isRefused() {
    commands.variable("MEMLANE_CHAT_URL", "");
    commands.variable("MEMLANE_CHAT_KEY", "");

    Run run = remember(CHATGPT);

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("OpenAI's models need an API key: put it into $MEMLANE_CHAT_KEY");
  }

  @Test
  void deniedKey_endsTheRun_andIsNotRepeated() {
    provider.deny(KEY);

    Run run = remember(CHATGPT);

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("ended early").contains("Run it again to resume").doesNotContain(KEY);
    assertThat(run.out()).doesNotContain(KEY);
  }

  @Test
  void uselessAnswers_becomeADeadLetter_whichIsListedRetriedAndDropped() throws IOException {
    Path file = file("chat.jsonl", "{\"role\":\"user\",\"content\":\"note: home is Porto\"}\n");
    provider.next(ChatReply.text("no"), ChatReply.text("no"));
    Run run = remember(file.toString());
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("1 part could not be remembered; 'memlane remember --dead-letters' says why");
    JsonNode listed = commands.run("remember", "--dead-letters", "--user", "ada", "--json").json();
    assertThat(listed).hasSize(1);
    assertThat(listed.get(0).path("reason").asText()).contains("not valid, twice");
    String id = listed.get(0).path("id").asText();
    assertThat(commands.run("remember", "--dead-letters", "--user", "bo").out()).contains("There are no dead letters");
    assertThat(commands.run("remember", "--retry", "7-7").err()).contains("there is no dead letter 7-7");

    provider.next(ChatReply.text("no"), ChatReply.text("no"));
    assertThat(commands.run("remember", "--retry", id).status()).isEqualTo(1);
    Run retried = commands.run("remember", "--retry", id);

    assertThat(retried.status()).as(retried.err()).isZero();
    assertThat(memories()).containsExactly("home is Porto");
    assertThat(commands.run("remember", "--dead-letters").out()).contains("There are no dead letters");

    provider.next(ChatReply.text("no"), ChatReply.text("no"));
    file("chat.jsonl", Files.readString(file) + "{\"role\":\"user\",\"content\":\"note: home is Faro\"}\n");
    remember(file.toString());
    assertThat(commands.run("remember", "--drop", "all", "--json").json().path("dropped").asInt()).isEqualTo(1);
    assertThat(memories()).containsExactly("home is Porto");
  }

  @Test
  void damagedFile_isRefused_beforeAnythingIsDone() throws IOException {
    Path damaged = file("damaged.json", "[{\"role\":\"user\",\"content\":\"x\"}");

    Run run = remember(CHATGPT, damaged.toString());

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("damaged.json: it is not JSON: it ends in the middle");
    assertThat(provider.questions()).isEmpty();
  }

  @Test
  void run_namesASingleConversation() throws IOException {
    Path file = file("chat.jsonl", "{\"role\":\"user\",\"content\":\"note: home is Porto\"}\n");

    assertThat(remember(file.toString(), "--run", "monday").status()).isZero();
    Path moved = Files.move(file, directory.resolve("moved.jsonl"));
    JsonNode again = remember(moved.toString(), "--run", "monday", "--json").json();

    assertThat(again.path("read").asInt()).isZero();
    JsonNode memory = commands.run("list", "--user", "ada", "--json").json().path("memories").get(0);
    assertThat(Objects.requireNonNull(memory).path("metadata").toString()).contains(" monday");
    assertThat(remember(CHATGPT, "--run", "monday").err()).contains("--run names one conversation, and these are 2");
  }

  @Test
  void redact_sendsNoAddresses() throws IOException {
    Path file = file("chat.jsonl",
        "{\"role\":\"user\",\"content\":\"note: mail is ada@example.org\",\"name\":\"+49 30 901820\"}\n");

    assertThat(remember(file.toString(), "--redact").status()).isZero();

    assertThat(provider.questions()).isNotEmpty().allSatisfy(
        question -> assertThat(question.body()).doesNotContain("ada@example.org").doesNotContain("901820"));
    assertThat(memories()).containsExactly("mail is [e-mail]");
  }

  @Test
  void messages_leaveTheWindow_andAreInTheExport() {
    remember(CHATGPT, "--messages-only");

    assertThat(commands.run("export", "-").out()).contains("\"memlane.recorded\"").contains("note: home is Lisbon")
        .contains("\"inWindow\":false").doesNotContain("\"inWindow\":true");
  }
}
