package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.cli.internal.command.CommandRunner.Run;
import dev.memlane.cli.internal.evaluation.EvalMode;
import dev.memlane.testing.ChatProvider;
import dev.memlane.testing.ChatReply;
import dev.memlane.testing.NoteScript;
import dev.memlane.testing.PlainMessages;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command {@code eval --facts}, with a real database and a scripted model behind HTTP. */
@Tag("programs")
class EvalFactsTest {

  private static final Path RESOURCES = Path.of("src/test/resources/dev/memlane/cli/internal/evaluation");
  private static final String NOTED = RESOURCES.resolve("noted-locomo.json").toString();
  private static final String KEY = "sk-secret-of-the-test";
  private static final Pattern WORKS_IN = Pattern.compile("works in (\\S+), which is deleted at the end");
  private static final int SLICE = 50;

  @TempDir
  Path directory;

  private final NoteScript script = new NoteScript();
  private final ChatProvider provider = ChatProvider.start(script);
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

  private Run eval(String file, String... arguments) {
    List<String> all = new ArrayList<>(List.of("eval", "--locomo", file));
    all.addAll(List.of(arguments));
    return commands.run(all.toArray(String[]::new));
  }

  /** Measures facts in mode hybrid in the data directory. */
  private Run facts(String file, String... arguments) {
    List<String> all = new ArrayList<>(List.of("--facts", "--mode", "hybrid", "--data",
        directory.resolve("data").toString()));
    all.addAll(List.of(arguments));
    return eval(file, all.toArray(String[]::new));
  }

  private static JsonNode through(JsonNode figures, String source) {
    for (JsonNode mode : figures.path("modes")) {
      if (mode.path("through").asText().equals(source)) {
        return mode;
      }
    }
    throw new AssertionError("nothing was measured through " + source);
  }

  private static double recall(JsonNode figures, String source, int depth) {
    return through(figures, source).path("recall").path(String.valueOf(depth)).asDouble();
  }

  /** A conversation in which these turns are said, with as many others as a slice has between one and the next. */
  private String talk(String... notes) throws IOException {
    ObjectMapper json = new ObjectMapper();
    ArrayNode samples = json.createArrayNode();
    ObjectNode sample = samples.addObject().put("sample_id", "long-talk");
    ObjectNode conversation = sample.putObject("conversation").put("session_1_date_time", "1:56 pm on 8 May, 2023");
    ArrayNode turns = conversation.putArray("session_1");
    ArrayNode evidence = sample.putArray("qa").addObject().put("question", "Which boat?").put("category", 1)
        .putArray("evidence");
    for (String note : notes) {
      evidence.add("D1:" + (turns.size() + 1));
      for (int i = 0; i < SLICE; i++) {
        int number = turns.size() + 1;
        turns.addObject().put("speaker", "Bo").put("dia_id", "D1:" + number).put("text",
            i == 0 ? note : "Nothing new at turn " + number);
      }
    }
    return Files.writeString(directory.resolve("talk.json"), samples.toString()).toString();
  }

  @Test
  void facts_findTheTurnsThatTheyComeFrom_besideTheTurnsThemselves() {
    JsonNode figures = facts(NOTED, "--json").json();

    assertThat(figures.path("modes")).extracting(mode -> mode.path("through").asText()).containsExactly("turns",
        "facts", "both");
    assertThat(recall(figures, "turns", 50)).isEqualTo(1.0);
    // Nobody noted what was baked.
    assertThat(recall(figures, "facts", 50)).isEqualTo(0.8333);
    assertThat(recall(figures, "both", 50)).isEqualTo(1.0);
    assertThat(through(figures, "facts").path("byCategory").path("2").path("recall").path("50").asDouble()).isZero();
    assertThat(through(figures, "facts").path("byCategory").path("4").path("recall").path("50").asDouble()).isOne();
    assertThat(through(figures, "facts").path("sessions").path("recall").path("50").asDouble()).isOne();
    JsonNode difference = through(figures, "facts").path("difference@10");
    assertThat(difference.path("withThrough").asText()).isEqualTo("turns");
    assertThat(difference.path("mean").asDouble()).isEqualTo(-0.1667, within(1e-9));
  }

  @Test
  void report_saysWhatTheFactsAreAndWhatTheyCost() {
    JsonNode facts = facts(NOTED, "--json").json().path("facts");

    assertThat(facts.path("by").asText()).isEqualTo("test");
    assertThat(facts.path("messages").asInt()).isEqualTo(8);
    assertThat(facts.path("facts").asInt()).isEqualTo(6);
    assertThat(facts.path("for100Messages").asDouble()).isEqualTo(75);
    assertThat(facts.path("messagesEach").asDouble()).isEqualTo(1);
    assertThat(facts.path("reachable").asDouble()).isEqualTo(0.8333);
    assertThat(facts.path("deadLetters")).isEmpty();
    JsonNode run = facts.path("thisRun");
    assertThat(run.path("read").asInt()).isEqualTo(8);
    assertThat(run.path("added").asInt()).isEqualTo(6);
    assertThat(run.path("modelCalls").asInt()).isEqualTo(2).isEqualTo(provider.questions().size());
    assertThat(run.path("promptTokens").asInt()).isPositive();
    assertThat(run.path("completionTokens").asInt()).isPositive();

    Run people = facts(NOTED);
    assertThat(people.out()).contains(
        "6 facts by test: 75.0 for each 100 messages, each from 1.0 messages and of ",
        "0.833 of the evidence is in messages that facts come from",
        "this run: 0 messages read", "0 model calls",
        "@10 through facts, and through both, against turns in the same mode:")
        .containsPattern("(?m)^hybrid +facts +[0-9.]+ ").containsPattern("(?m)^hybrid +both +[0-9.]+ ");
    assertThat(people.out()).doesNotContain(KEY);
  }

  @Test
  void speakers_areShownAsUsersWithTheirNamesAndTimes() {
    assertThat(facts(NOTED, "--chat-concurrency", "1").status()).isZero();

    JsonNode messages = NoteScript.data(provider.questions().getFirst()).path("messages");
    assertThat(messages).extracting(message -> message.path("role").asText()).containsOnly("user");
    assertThat(messages).extracting(message -> message.path("name").asText())
        .containsExactly("Ines", "Bo", "Bo", "Ines", "Bo", "Ines");
    assertThat(messages.get(4).path("time").asText()).isEqualTo("2023-06-01T09:10:00Z");
  }

  @Test
  void sameDirectoryAgain_asksNothing_andAnotherModelMakesFactsOfItsOwn() {
    JsonNode first = facts(NOTED, "--json").json();
    int asked = provider.questions().size();

    JsonNode again = facts(NOTED, "--json").json();
    assertThat(provider.questions()).hasSize(asked);
    assertThat(again.path("facts").path("thisRun").path("read").asInt()).isZero();
    assertThat(again.path("facts").path("facts").asInt()).isEqualTo(6);
    assertThat(through(again, "facts").path("recall")).isEqualTo(through(first, "facts").path("recall"));

    provider.script(question -> ChatReply.text(NoteScript.isExtraction(question) ? "{\"facts\": []}" : "none"));
    JsonNode other = facts(NOTED, "--chat-model", "other", "--json").json();
    assertThat(provider.questions()).hasSize(2 * asked);
    assertThat(other.path("facts").path("by").asText()).isEqualTo("other");
    assertThat(other.path("facts").path("facts").asInt()).isZero();
    assertThat(recall(other, "facts", 50)).isZero();
    assertThat(recall(other, "both", 50)).isOne();
    // What is redacted may make other facts.
    assertThat(facts(NOTED, "--redact", "--json").json().path("facts").path("by").asText()).isEqualTo("test, redacted");
    assertThat(provider.questions()).hasSize(3 * asked);
  }

  @Test
  void turns_areFoundAsWithoutFacts() {
    JsonNode alone = eval(NOTED, "--mode", "hybrid", "--json").json();
    JsonNode beside = facts(NOTED, "--json").json();
    JsonNode after = eval(NOTED, "--mode", "hybrid", "--data", directory.resolve("data").toString(), "--json").json();

    assertThat(alone.path("facts").isNull()).isTrue();
    for (String figure : List.of("recall", "ndcg@10", "mrr", "each@10", "byCategory", "sessions")) {
      assertThat(through(beside, "turns").path(figure)).as(figure).isEqualTo(alone.path("modes").get(0).path(figure));
      assertThat(after.path("modes").get(0).path(figure)).as(figure).isEqualTo(alone.path("modes").get(0).path(figure));
    }
  }

  @Test
  void factFromSeveralTurns_findsThemAll_andWhatWasSupersededIsNoLongerFound() throws IOException {
    String talk = talk("note: Bo's boat is a kayak", "note: Bo's boat is a canoe");
    script.action("update");
    JsonNode updated = facts(talk, "--json").json();
    assertThat(updated.path("facts").path("messagesEach").asDouble()).isEqualTo(2);
    assertThat(recall(updated, "facts", 1)).isOne();
    assertThat(through(updated, "facts").path("ndcg@10").asDouble()).isOne();
    assertThat(updated.path("facts").path("reachable").asDouble()).isOne();

    script.action("supersede");
    JsonNode superseded = facts(talk, "--chat-model", "other", "--json").json();
    assertThat(superseded.path("facts").path("thisRun").path("superseded").asInt()).isOne();
    assertThat(superseded.path("facts").path("facts").asInt()).isOne();
    assertThat(recall(superseded, "facts", 50)).isEqualTo(0.5);
    assertThat(superseded.path("facts").path("reachable").asDouble()).isEqualTo(0.5);
  }

  @Test
  void uselessAnswers_areReported_countAsNotFound_andCanBeTriedAgain() throws IOException {
    String talk = talk("note: Bo's boat is a kayak", "note: Bo's oar is of ash");
    provider.next(ChatReply.text("no"), ChatReply.text("no"));

    Run run = facts(talk, "--json");

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("1 part with 50 messages could not be remembered, so no fact comes from them",
        "'memlane remember --retry all --data " + directory.resolve("data") + "'");
    JsonNode dead = run.json().path("facts").path("deadLetters");
    assertThat(dead).hasSize(1);
    assertThat(dead.get(0).path("conversation").asText()).isEqualTo("long-talk");
    assertThat(dead.get(0).path("messages").asInt()).isEqualTo(SLICE);
    assertThat(dead.get(0).path("reason").asText()).contains("not valid, twice");
    assertThat(recall(run.json(), "facts", 50)).isEqualTo(0.5);
    Run people = facts(talk);
    assertThat(people.status()).isEqualTo(1);
    assertThat(people.out()).contains("  long-talk, 50 messages: the model's answer was not valid, twice");

    Run retried = commands.run("remember", "--retry", "all", "--data", directory.resolve("data").toString());
    assertThat(retried.status()).as(retried.err()).isZero();
    Run after = facts(talk, "--json");
    assertThat(after.status()).as(after.err()).isZero();
    assertThat(after.json().path("facts").path("deadLetters")).isEmpty();
    assertThat(recall(after.json(), "facts", 50)).isOne();
  }

  @Test
  void budgetUsedUp_measuresNothing_andTheNextRunPaysForNoAnswerTwice() {
    Run paused = facts(NOTED, "--tokens-a-day", "5300", "--chat-concurrency", "1");

    assertThat(paused.status()).isEqualTo(1);
    assertThat(paused.out()).isEmpty();
    assertThat(paused.err()).contains("ended early: the budget of 5,300 tokens a day is used up; it begins anew at ",
        "Nothing was measured (6 messages read: 4 facts added", "Run it again with --data "
            + directory.resolve("data") + " to resume");
    PlainMessages.assertPlain(paused.err());
    assertThat(provider.questions()).hasSize(1);

    JsonNode rest = facts(NOTED, "--json").json().path("facts");
    assertThat(rest.path("thisRun").path("read").asInt()).isEqualTo(2);
    assertThat(rest.path("thisRun").path("modelCalls").asInt()).isOne();
    assertThat(rest.path("facts").asInt()).isEqualTo(6);
    assertThat(provider.questions()).hasSize(2);
  }

  @Test
  void temporaryDirectory_isDeletedAfterSuccess_andOtherwiseKeptToResume() throws IOException {
    Run paused = eval(NOTED, "--facts", "--mode", "hybrid", "--tokens-a-day", "5300", "--chat-concurrency", "1");
    Path kept = worksIn(paused);
    try {
      assertThat(paused.err()).contains("Run it again with --data " + kept + " to resume");
      assertThat(kept).isDirectory();
    } finally {
      deleteTree(kept);
    }

    Run done = eval(NOTED, "--facts", "--mode", "hybrid");
    assertThat(done.status()).as(done.err()).isZero();
    assertThat(worksIn(done)).doesNotExist();
  }

  private static Path worksIn(Run run) {
    Matcher named = WORKS_IN.matcher(run.err());
    assertThat(named.find()).as(run.err()).isTrue();
    return Path.of(named.group(1));
  }

  private static void deleteTree(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void directoryOfOtherConversations_isRefused() throws IOException {
    assertThat(facts(talk("note: Bo's boat is a kayak")).status()).isZero();
    int asked = provider.questions().size();

    Run run = facts(talk("note: Bo's boat is a barge"));

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("long-talk: the directory has another conversation of this name",
        "nothing was measured: of the conversations, 1 could not be remembered");
    assertThat(provider.questions()).hasSize(asked);
  }

  @Test
  void allModes_areMeasuredThroughEach_asAPageToo() throws IOException {
    Path page = directory.resolve("page.html");

    Run run = eval(NOTED, "--facts", "--data", directory.resolve("data").toString(), "--html", page.toString(),
        "--json");

    assertThat(run.status()).as(run.err()).isZero();
    JsonNode modes = run.json().path("modes");
    assertThat(modes).hasSize(3 * EvalMode.values().length);
    for (JsonNode mode : modes) {
      JsonNode difference = mode.path("difference@10");
      if (!mode.path("through").asText().equals("turns")) {
        assertThat(difference.path("with").asText()).isEqualTo(mode.path("mode").asText());
        assertThat(difference.path("withThrough").asText()).isEqualTo("turns");
      } else if (!mode.path("mode").asText().equals("hybrid")) {
        assertThat(difference.path("with").asText()).isEqualTo("hybrid");
      } else {
        assertThat(difference.isMissingNode()).isTrue();
      }
    }
    assertThat(Files.readString(page)).contains("<h2>Facts</h2>", "6 facts by test", "words through both");
  }

  @Test
  void against_comparesFactsWithFacts_orElseWithTurns() throws IOException {
    Path earlier = Files.writeString(directory.resolve("earlier.json"),
        eval(NOTED, "--mode", "hybrid", "--json").json().toString());
    JsonNode first = facts(NOTED, "--against", earlier.toString(), "--json").json();

    assertThat(withThrough(first)).isEqualTo(Map.of("turns", "turns", "facts", "turns", "both", "turns"));
    Files.writeString(earlier, first.toString());
    Run run = facts(NOTED, "--against", earlier.toString(), "--json");
    assertThat(withThrough(run.json())).containsEntry("facts", "facts").containsEntry("both", "both");
    assertThat(run.json().path("against").path("factsBy").asText()).isEqualTo("test");
    assertThat(run.json().path("against").path("modes")).allSatisfy(
        mode -> assertThat(mode.path("mean").asDouble()).isZero());
    assertThat(facts(NOTED, "--against", earlier.toString()).out()).contains("against the earlier run, with ",
        " and facts by test:");
  }

  private static Map<String, String> withThrough(JsonNode figures) {
    Map<String, String> with = new LinkedHashMap<>();
    figures.path("against").path("modes")
        .forEach(mode -> with.put(mode.path("through").asText(), mode.path("withThrough").asText()));
    return with;
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "--beir . --facts | --facts goes with --locomo",
      "--longmemeval x --facts | --facts goes with --locomo",
      "--locomo x --facts --ablate | leave out one of them",
      "--locomo x --chat-model other | --chat-model goes with --facts",
      "--locomo x --tokens-a-day 5 | --tokens-a-day goes with --facts",
      "--locomo x --redact | --redact goes with --facts",
      "--locomo x --facts --chat-url http://a:b@localhost/v1 | has a password in it",
      "--locomo x --facts --chat-concurrency 0 | --chat-concurrency is 0"})
  void senselessOptions_areRefused(String line, String says) {
    Run run = commands.run(("eval " + line).split(" "));

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains(says);
    PlainMessages.assertPlain(run.err());
    assertThat(provider.questions()).isEmpty();
  }

  @Test
  void withoutAModel_itIsSaidWhatToSet_andVariablesAloneHinderNobody() {
    commands.variable("MEMLANE_CHAT_MODEL", "");
    Run run = facts(NOTED);
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("there is no chat model", "$MEMLANE_CHAT_MODEL");

    commands.variable("MEMLANE_CHAT_MODEL", "test");
    assertThat(eval(NOTED, "--mode", "words").status()).isZero();
    assertThat(provider.questions()).isEmpty();
  }
}
