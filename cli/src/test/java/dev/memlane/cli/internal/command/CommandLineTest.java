package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.cli.internal.evaluation.EvalMode;
import dev.memlane.cli.internal.evaluation.LocomoTest;
import dev.memlane.cli.internal.ingestion.Ingester;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.cli.internal.terminal.TextLayout;
import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The commands as a user runs them, on a real data directory and database; only the embedder is another one. The
 * embedded server, which starts anew for each command, is in {@link LocalesTest}.
 */
@Tag("programs")
class CommandLineTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final String NO_SUCH_ID = "0198c5a2-7c1e-7a50-9d53-0242ac120002";

  @TempDir
  private static Path shared;
  @SuppressWarnings("NullAway.Init") // set before all tests
  private static String database;

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path files;

  /** A user of its own for each test, so that tests can share one server. */
  private String user = "";
  private String input = "";

  @BeforeAll
  static void createDatabase() {
    database = TestServer.freshDatabase(TABLES);
  }

  @BeforeEach
  void chooseUser() {
    user = "user-" + java.util.UUID.randomUUID();
  }

  private record Run(int status, String out, String err) {

    JsonNode json() {
      assertThat(out.lines()).as("one line of JSON; standard error: " + err).hasSize(1);
      try {
        return Json.MAPPER.readTree(out);
      } catch (IOException e) {
        throw new AssertionError("not JSON: " + out, e);
      }
    }
  }

  private Run run(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console = new Console(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
        new PrintStream(out, false, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8), false);
    CommandContext context = new CommandContext(new CommonOptions(), console,
        Map.of("MEMLANE_DATA", shared.resolve("data").toString()),
        files, new StopSignal(),
        builder -> builder.embedder(new HashEmbedder()).postgres(database, null, null));
    int status = new Application(context).run(arguments);
    return new Run(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private JsonNode json(String... arguments) {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    all.add("--json");
    Run run = run(all.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isEqualTo(0);
    return run.json();
  }

  private String add(String text, String... options) {
    List<String> all = new ArrayList<>(List.of("add", text, "--user", user));
    all.addAll(Arrays.asList(options));
    return json(all.toArray(String[]::new)).path("id").asText();
  }

  @Test
  void add_thenGet_showsAllValues() {
    String id = add("Ada plays the oboe", "--actor", "Ada", "--metadata", "topic=music", "-m", "tags=a|b",
        "--occurred-at",
        "2026-03-02T10:14:00+01:00");

    JsonNode memory = json("get", id);

    assertThat(memory.path("content").asText()).isEqualTo("Ada plays the oboe");
    assertThat(memory.path("user").asText()).isEqualTo(user);
    assertThat(memory.path("agent").isNull()).isTrue();
    assertThat(memory.path("occurredAt").asText()).isEqualTo("2026-03-02T09:14:00Z");
    assertThat(memory.path("metadata")).hasToString("{\"tags\":[\"a\",\"b\"],\"topic\":\"music\"}");
    assertThat(memory.path("version").asInt()).isEqualTo(1);
    assertThat(run("get", id).out()).contains("Ada plays the oboe", "topic=music", id);
  }

  @Test
  void add_underTheSameKey_findsTheFirst() {
    String first = add("first", "--key", "k");

    JsonNode second = json("add", "second", "--user", user, "--key", "k");

    assertThat(second.path("outcome").asText()).isEqualTo("duplicate");
    assertThat(second.path("id").asText()).isEqualTo(first);
    assertThat(second.path("content").asText()).isEqualTo("first");
  }

  @Test
  void add_underDeletedKey_needsRevive() {
    String first = add("first", "--key", "k");
    json("delete", first);

    Run refused = run("add", "second", "--user", user, "--key", "k");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("was deleted", "--revive");
    JsonNode revived = json("add", "second", "--user", user, "--key", "k", "--revive");

    assertThat(revived.path("outcome").asText()).isEqualTo("stored");
    assertThat(revived.path("id").asText()).isEqualTo(first);
    assertThat(revived.path("version").asInt()).isEqualTo(3);
  }

  @Test
  void add_once_findsTheSameTextThere() {
    String first = add("the very same", "--once");

    JsonNode second = json("add", "the very same", "--user", user, "--once");

    assertThat(second.path("outcome").asText()).isEqualTo("duplicate");
    assertThat(second.path("id").asText()).isEqualTo(first);
    assertThat(add("the very same")).as("without the option it may be there twice").isNotEqualTo(first);
  }

  @Test
  void search_inAScope_findsWithFilter() {
    String sea = add("a walk by the sea", "-m", "topic=travel", "-m", "importance=4");
    add("the sea in a song", "-m", "topic=music");

    JsonNode hits = json("search", "sea", "--user", user, "--filter", "topic=travel", "--filter", "importance>=3")
        .path("hits");

    assertThat(hits).hasSize(1);
    assertThat(hits.path(0).path("id").asText()).isEqualTo(sea);
    assertThat(hits.path(0).path("score").isNumber()).isTrue();
    assertThat(hits.path(0).fieldNames()).toIterable().contains("content", "metadata", "user", "agent", "run", "actor",
        "key",
        "occurredAt", "createdAt", "version", "op");
    assertThat(run("search", "sea", "--user", user, "--mode", "LEXICAL", "-k", "1").out()).contains("  1  ");
    assertThat(run("search", "sea", "--user", user + "-other").out()).isEqualToIgnoringNewLines("Nothing found.\n");
  }

  @Test
  void search_asOfATime_findsWhatWasChangedSince() {
    String home = add("lives in Porto");
    String then = json("get", home).path("createdAt").asText();
    run("update", home, "lives in Lisbon");
    String[] search = {"search", "Porto", "--user", user, "--mode", "lexical", "--as-of", then};

    JsonNode hits = json(search).path("hits");

    assertThat(hits).hasSize(1);
    assertThat(hits.path(0).path("content").asText()).isEqualTo("lives in Porto");
    assertThat(run("search", "Porto", "--user", user, "--mode", "lexical").out()).contains("Nothing found.");
    assertThat(run("search", "Porto", "--everywhere", "--as-of", then).err()).contains("name a scope");
    assertThat(run("search", "Porto", "--user", user, "--as-of", "whenever").err()).contains("--as-of");
  }

  @Test
  void list_pageByPage_showsEachOnce() {
    add("one");
    add("two");
    add("three");

    JsonNode first = json("list", "--user", user, "--limit", "2");
    JsonNode second = json("list", "--user", user, "--limit", "2", "--after", first.path("next").asText());

    assertThat(first.path("memories")).hasSize(2);
    assertThat(second.path("memories")).hasSize(1);
    assertThat(second.path("next").isNull()).isTrue();
    assertThat(run("list", "--user", user, "--limit", "2").out()).contains("--after " + first.path("next").asText());
  }

  @Test
  void list_byTime_ofEqualLinesWithoutTimes_isInTheOrderOfTheFile() {
    List<String> said = new ArrayList<>();
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < Ingester.CHUNK + 40; i++) {
      said.add(i % 3 == 0 ? "yes" : "line " + i);
      lines.append("{\"content\":\"").append(said.getLast()).append("\",\"run\":\"r\"}\n");
    }
    input = lines.toString();
    json("ingest", "-", "--user", user);

    List<String> listed = new ArrayList<>();
    JsonNode page = json("list", "--user", user, "--by", "time", "--limit", "100");
    while (true) {
      page.path("memories").forEach(memory -> listed.add(memory.path("content").asText()));
      if (page.path("next").isNull()) {
        break;
      }
      page = json("list", "--user", user, "--by", "time", "--limit", "100", "--after", page.path("next").asText());
    }

    assertThat(listed).isEqualTo(said);
    assertThat(
        json("list", "--user", user, "--newest", "--limit", "1").path("memories").get(0).path("content").asText())
        .isEqualTo(said.getLast());
    assertThat(run("list", "--by", "time", "--after", NO_SUCH_ID).status()).isEqualTo(2);
    assertThat(run("list", "--by", "id", "--newest").status()).isEqualTo(2);
  }

  @Test
  void expired_withTheOption_isShown() {
    String id = add("short-lived", "--expires-at", "2020-01-01T00:00:00Z");
    add("long-lived", "--expires-at", "2999-01-01");

    assertThat(run("get", id).status()).isEqualTo(1);
    assertThat(json("get", id, "--expired").path("expiresAt").asText()).isEqualTo("2020-01-01T00:00:00Z");
    assertThat(run("get", id, "--expired").out()).contains("expires   2020-01-01T00:00:00Z");
    assertThat(json("list", "--user", user).path("memories")).hasSize(1);
    assertThat(json("list", "--user", user, "--expired").path("memories")).hasSize(2);
    assertThat(run("list", "--user", user).out()).contains("expires 2999-01-01 00:00");
    assertThat(run("add", "x", "--user", user, "--expires-at", "soon").status()).isEqualTo(2);
  }

  @Test
  void update_thenDelete_areInTheHistory() {
    String id = add("in April");
    String op = json("get", id).path("op").asText();

    assertThat(json("update", id, "in May", "--expect", op, "--actor", "Ada").path("version").asInt()).isEqualTo(2);
    Run late = run("update", id, "in June", "--expect", op);
    assertThat(late.status()).isEqualTo(1);
    assertThat(late.err()).contains("read it again");
    assertThat(json("delete", id).path("deleted").asInt()).isEqualTo(1);

    assertThat(run("get", id).status()).isEqualTo(1);
    JsonNode entries = json("history", id).path("entries");
    assertThat(entries.findValuesAsText("kind")).containsExactly("add", "update", "delete");
    assertThat(entries.path(1).path("oldContent").asText()).isEqualTo("in April");
    assertThat(entries.path(1).path("actor").asText()).isEqualTo("Ada");
    assertThat(run("history", id).out()).contains("- in April", "+ in May", "by Ada");
  }

  @Test
  void update_ofDetails_setsAndClearsThem_andTheHistoryShowsBoth() {
    String id = add("in April", "--actor", "Ada", "--expires-at", "2020-01-01", "--occurred-at", "2026-04-01");

    JsonNode updated = json("update", id, "--clear", "expires-at", "--clear", "occurred-at", "--said-by", "Bob");

    assertThat(updated.path("expiresAt").isNull()).isTrue();
    assertThat(updated.path("occurredAt").isNull()).isTrue();
    assertThat(updated.path("actor").asText()).isEqualTo("Bob");
    assertThat(updated.path("content").asText()).isEqualTo("in April");
    assertThat(json("get", id)).as("it has not expired any more").isEqualTo(updated);
    JsonNode entry = json("history", id).path("entries").path(1);
    assertThat(entry.path("oldDetails").path("expiresAt").asText()).isEqualTo("2020-01-01T00:00:00Z");
    assertThat(entry.path("newDetails").path("actor").asText()).isEqualTo("Bob");
    assertThat(run("history", id).out()).contains(
        "- (said by Ada, occurred 2026-04-01T00:00:00Z, expires 2020-01-01T00:00:00Z)", "+ (said by Bob)");
    assertThat(json("update", id, "--occurred-at", "2026-05-01").path("occurredAt").asText())
        .isEqualTo("2026-05-01T00:00:00Z");
    assertThat(run("update", id, "--clear", "said-by", "--said-by", "Eve").err()).contains("contradict");
    assertThat(run("update", id, "--clear", "content").err()).contains("said-by, occurred-at, expires-at");
  }

  @Test
  void deleteAll_withoutYes_deletesNothing() {
    add("one", "-m", "n=1");
    add("two", "-m", "n=2");

    Run unsure = run("delete", "--all", "--user", user);
    assertThat(unsure.status()).isEqualTo(2);
    assertThat(unsure.err()).contains("2 memories", "--yes");
    assertThat(json("delete", "--all", "--user", user, "--filter", "n=2", "--yes").path("deleted").asInt())
        .isEqualTo(1);
    assertThat(json("list", "--user", user).path("memories")).hasSize(1);
  }

  @Test
  void delete_purgingTheHistory_leavesOneEntryWithoutContent() {
    String one = add("one secret");
    String other = add("another secret");
    String earlier = add("an earlier secret");
    assertThat(json("delete", earlier).path("purged").asInt()).isZero();

    assertThat(run("delete", one, "--purge-history").out()).contains("Erased " + one);
    assertThat(json("history", one).path("entries").findValuesAsText("kind")).containsExactly("erase");
    assertThat(run("history", one).out()).contains("erased").doesNotContain("secret");
    assertThat(run("delete", "--all", "--user", user, "--purge-history").err()).contains("erase their histories");
    JsonNode report = json("delete", "--all", "--user", user, "--purge-history", "--yes");

    assertThat(report.path("deleted").asInt()).isEqualTo(1);
    assertThat(report.path("purged").asInt()).isEqualTo(2);
    assertThat(run("history", other).out()).doesNotContain("secret");
    assertThat(run("history", earlier).out()).doesNotContain("secret");
    assertThat(run("delete", "--all", "--user", user, "--purge-history", "--yes").out())
        .contains("Deleted 0, erased 0");
    assertThat(json("verify").path("inconsistencies")).isEmpty();
  }

  @Test
  void ingest_withBadLines_storesTheOthersAndFindsThemAgain() throws IOException {
    Path file = Files.writeString(files.resolve("chat.jsonl"), """
        {"content":"one","actor":"Ada"}
        {"content":"one","actor":"Ada"}

        not json
        {"content":"three","agent":"a","occured_at":"2026-03-02T09:14:00Z"}
        {"content":""}
        {"content":"four","key":"k"}""");

    Run first = run("ingest", file.toString(), "--user", user, "--json");

    assertThat(first.status()).isEqualTo(1);
    assertThat(first.json().fieldNames()).toIterable().contains("read", "stored", "duplicates", "failed", "seconds",
        "failures");
    assertThat(first.json().path("read").asInt()).isEqualTo(6);
    assertThat(first.json().path("stored").asInt()).isEqualTo(4);
    assertThat(first.json().path("duplicates").asInt()).isZero();
    assertThat(first.json().path("failed").asInt()).isEqualTo(2);
    assertThat(first.json().path("failures").findValuesAsText("line")).containsExactly("4", "6");
    assertThat(first.err()).contains(file + ":4: not JSON", file + ":6: the content is empty",
        "\"occured_at\" is ignored; is \"occurredAt\" meant?");

    Run second = run("ingest", file.toString(), "--user", user);
    assertThat(second.status()).isEqualTo(1);
    assertThat(second.out()).startsWith("6 read: 0 stored, 4 were there already, 2 failed in ");
    assertThat(first.json().path("embedded").asInt()).as("the same text once").isEqualTo(3);
    assertThat(run("ingest", file.toString(), "--user", user, "--json").json().path("embedded").asInt()).isZero();
    assertThat(json("list", "--user", user).path("memories")).hasSize(4);
  }

  @Test
  void ingest_standardInput_ofSeveralChunks_isStored() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 3 * Ingester.CHUNK + 7; i++) {
      lines.append("{\"content\":\"line ").append(i).append("\",\"run\":\"r\"}\n");
    }
    input = lines.toString();

    JsonNode report = json("ingest", "-", "--user", user);

    assertThat(report.path("stored").asInt()).isEqualTo(3 * Ingester.CHUNK + 7);
    assertThat(json("verify").path("inconsistencies")).isEmpty();
  }

  @Test
  void ingest_missingFile_failsAndStoresNothing() throws IOException {
    Path there = Files.writeString(files.resolve("there.jsonl"), "{\"content\":\"x\"}");

    Run run = run("ingest", there.toString(), files.resolve("missing.jsonl").toString(), "--user", user);

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("missing.jsonl: there is no such file");
    assertThat(run("ingest", files.toString()).err()).contains("that is a directory");
  }

  @Test
  void verifyStatsReindex_reportTheContent() {
    add("something");

    JsonNode verified = json("verify");
    assertThat(verified.path("core").asInt()).isPositive().isEqualTo(verified.path("vector").asInt());
    assertThat(verified.path("inconsistencies")).isEmpty();
    assertThat(verified.path("repaired").asInt()).isZero();
    assertThat(json("reindex").path("vector").asInt()).isEqualTo(verified.path("core").asInt());
    assertThat(json("stats").path("index").path("documents").asInt()).isEqualTo(verified.path("core").asInt());
    assertThat(json("stats").path("index").path("vectors").asText()).isEqualTo("float");
    assertThat(run("stats").out()).contains("memories", "documents", "dimensions as floats");
    assertThat(run("verify").out()).contains("All three agree.");
  }

  @Test
  void eval_tinyFile_givesRecall() {
    JsonNode figures = json("eval", "--locomo", LocomoTest.tiny().toString());

    assertThat(figures.path("conversations").asInt()).isEqualTo(1);
    assertThat(figures.path("memories").asInt()).isEqualTo(3);
    assertThat(figures.path("questions").asInt()).isEqualTo(2);
    assertThat(figures.path("mode").asText()).isEqualTo("hybrid");
    assertThat(figures.path("recall").path("5").asDouble()).isEqualTo(1.0);
    assertThat(figures.path("byCategory").path("1").path("name").asText()).isEqualTo("multi-hop");
    assertThat(figures.path("modes")).hasSize(EvalMode.values().length).allSatisfy(mode -> {
      assertThat(mode.path("recall").path("5").asDouble()).isEqualTo(1.0);
      assertThat(mode.path("p50Milliseconds").asDouble()).isBetween(0.0, mode.path("p99Milliseconds").asDouble());
    });
  }

  @Test
  void eval_againstAnEarlierRun_comparesQuestionByQuestion() throws IOException {
    String[] eval = {"eval", "--locomo", LocomoTest.tiny().toString(), "--mode", "hybrid", "--mode", "words"};
    ObjectNode earlier = (ObjectNode) json(eval);
    assertThat(earlier.path("modes").get(0).path("each@10")).hasSize(2);
    // One of the two questions was not answered by the earlier run.
    ((ArrayNode) earlier.path("modes").get(0).path("each@10")).set(0, 0.0);
    ((ObjectNode) earlier.path("modes").get(1)).put("mode", "other");
    earlier.put("model", "another model");
    Path file = Files.writeString(shared.resolve("earlier.json"), earlier.toString());

    JsonNode against = json(with(eval, "--against", file.toString())).path("against");

    assertThat(against.path("model").asText()).isEqualTo("another model");
    assertThat(against.path("modes")).extracting(mode -> mode.path("mode").asText(), mode -> mode.path("with").asText(),
        mode -> mode.path("mean").asDouble())
        .containsExactly(tuple("hybrid", "hybrid", 0.5), tuple("words", "hybrid", 0.5));
    Run run = run(with(eval, "--against", file.toString()));
    assertThat(run.out()).contains("against the earlier run, with another model:", "+0.500  (+0.000 to +1.000",
        "with its hybrid");

    earlier.put("dataSet", "another");
    Files.writeString(file, earlier.toString());
    assertThat(run(with(eval, "--against", file.toString())).err()).contains("another data set");
    Files.writeString(file, "[]");
    assertThat(run(with(eval, "--against", file.toString())).err()).contains("'memlane eval --json'");
  }

  private static String[] with(String[] arguments, String... more) {
    return Stream.concat(Arrays.stream(arguments), Arrays.stream(more)).toArray(String[]::new);
  }

  @Test
  void unknownMode_isRefusedWithTheKnownOnes() {
    Run run = run("search", "sea", "--mode", "foo");

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("'--mode'", "it must be one of hybrid, semantic, lexical, but is 'foo'");
  }

  @Test
  void eval_forPeople_isATable_andAPageOnRequest() throws IOException {
    Path page = shared.resolve("recall.html");

    Run run = run("eval", "--locomo", LocomoTest.tiny().toString(), "--mode", "no-context", "--mode", "WORDS", "--html",
        page.toString());

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out().lines()).anySatisfy(line -> assertThat(line).startsWith("no-context").contains("1.000"))
        .anySatisfy(line -> assertThat(line).startsWith("words").contains("1.000"))
        .noneSatisfy(line -> assertThat(line).startsWith("hybrid"));
    assertThat(Files.readString(page)).startsWith("<!DOCTYPE html>").contains("<meter value=\"1.0000\">", "multi-hop");
  }

  @Test
  void language_afterReindex_isKept_andAnotherIsRefused() {
    add("Die Häuser am See");
    String[] search = {"search", "Haus", "--user", user, "--mode", "lexical"};
    assertThat(json(search).path("hits")).isEmpty();

    assertThat(run("list", "--user", user, "--language", "de").err()).contains("memlane reindex");
    assertThat(run("reindex", "--language", "de").status()).isZero();
    try {
      assertThat(json(search).path("hits")).hasSize(1);
      assertThat(run("list", "--user", user, "--language", "?").status()).isEqualTo(2);
    } finally {
      assertThat(run("reindex", "--language", "en").status()).isZero();
    }
  }

  @Test
  void indexVectors_afterReindex_areKept_andAnotherTypeIsRefused() {
    add("the oboe is in the attic");
    String[] search = {"search", "oboe", "--user", user};

    assertThat(run("list", "--user", user, "--index-vectors", "byte").err()).contains("memlane reindex");
    assertThat(run("reindex", "--index-vectors", "byte").status()).isZero();
    try {
      assertThat(json(search).path("hits")).hasSize(1);
      assertThat(run("list", "--user", user, "--index-vectors", "float").err()).contains("memlane reindex");
    } finally {
      assertThat(run("reindex", "--index-vectors", "float").status()).isZero();
    }
  }

  @Test
  void search_withExplain_showsTheParts() {
    add("explained: the oboe in the attic");

    JsonNode hit = json("search", "oboe attic", "--user", user, "--explain").path("hits").get(0);

    JsonNode why = hit.path("explanation");
    assertThat(why.path("lexical").path("rank").asInt()).isEqualTo(1);
    assertThat(why.path("semantic").path("share").asDouble() + why.path("lexical").path("share").asDouble())
        .isEqualTo(hit.path("score").asDouble());
    assertThat(run("search", "oboe attic", "--user", user, "--explain").out()).contains("meaning 0.", "words 0.",
        "rank 1", "BM25");
    assertThat(run("search", "oboe attic", "--user", user).out()).doesNotContain("BM25");
  }

  @Test
  void search_byTime_findsWhatOccurredWithinIt() {
    add("the oboe of May", "--occurred-at", "2026-05-04T10:00:00Z");
    add("the oboe of June", "--occurred-at", "2026-06-04T10:00:00Z");

    assertThat(json("search", "oboe", "--user", user, "--since", "2026-05-04", "--until", "2026-06-04T12:00:00+02:00")
        .path("hits")).hasSize(1);
    assertThat(json("search", "oboe", "--user", user, "--since", "2026-05-05", "--half-life", "7d", "--by-rank",
        "--diversity", "0.2", "--no-context").path("hits")).hasSize(1);
    assertThat(run("search", "oboe", "--user", user, "--since", "May").err()).contains("2026-03-02");
    assertThat(run("search", "oboe", "--user", user, "--since", "2026-05-02", "--until", "2026-05-01").err())
        .contains("ends before");
    assertThat(run("search", "oboe", "--user", user, "--half-life", "soon").err()).contains("7d, 12h or 30m");
  }

  @Test
  void options_beforeTheCommand_countToo() {
    Path data = shared.resolve("data");

    Run run = run("--json", "--data", data.toString(), "list", "--user", user);

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.json().path("memories")).isEmpty();
  }

  @Test
  void directoryInUse_isReported() {
    Path directory = shared.resolve("taken");
    try (Memlane open = Memlane.builder(directory).embedder(new HashEmbedder()).open()) {
      Run run = run("list", "--data", open.directory().toString());

      assertThat(run.status()).isEqualTo(1);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).contains(directory.getFileName().toString()).doesNotContain("\tat ");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "nonsense", "add", "add x", "get", "get 12", "history zz", "list --limit 0", "search x",
      "search x --user u --everywhere", "search x --user u -k 0", "search x --user u --mode best",
      "search x --user u --filter a==b", "search x --user u --threshold 2", "update " + NO_SUCH_ID, "delete",
      "delete " + NO_SUCH_ID + " --all", "delete " + NO_SUCH_ID + " --expect 1", "delete --all", "ingest", "eval",
      "add x --user u --occurred-at now", "add x --user u --metadata =1", "list --wrong",
      "list --jdbc-url jdbc:postgresql://h/d?user=u&password=secret", "list --jdbc-url jdbc:mysql://h/d"})
  void wrongUsage_endsWithStatus2(String line) {
    Run run = run(line.isEmpty() ? new String[0] : line.split(" "));

    assertThat(run.status()).as(run.err()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("--help").doesNotContain("\tat ", "Exception");
  }

  @ParameterizedTest
  @ValueSource(strings = {"get", "history", "delete", "update"})
  void missingMemory_endsWithStatus1(String command) {
    Run run = command.equals("update") ? run(command, NO_SUCH_ID, "text") : run(command, NO_SUCH_ID);

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("there is no memory " + NO_SUCH_ID);
    assertThat(run.out()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo", "ingest", "add", "get", "list", "search", "update", "delete", "history", "verify",
      "export", "import",
      "reindex", "eval", "stats", "schema"})
  void help_ofEachCommand_showsAnExample(String command) {
    Run run = run(command, "--help");

    assertThat(run.status()).isZero();
    assertThat(run.out()).contains("Usage: memlane " + command, "Example", "  memlane " + command, "--data", "--json");
    assertThat(run.out().lines()).allMatch(line -> line.length() <= TextLayout.COLUMNS);
  }

  @Test
  void schema_printsTheSqlAndOpensNothing() {
    Run all = run("schema");
    Run later = run("schema", "--after", "2", "--schema", "agents");

    assertThat(all.status()).as(all.err()).isZero();
    assertThat(all.out()).startsWith("begin;").contains("create table memory (").endsWith("commit;\n");
    assertThat(later.out()).contains("\"agents\"", "memory_tombstone").doesNotContain("create table memory (");
    assertThat(json("schema").path("sql").asText()).isEqualTo(all.out());
    assertThat(run("schema", "--after", "77").status()).isEqualTo(2);
    assertThat(run("schema", "--schema", "No Name").err()).contains("No Name");
  }

  @Test
  void text_withTerminalSequences_isHarmless() {
    String id = add("red \u001B[31malert\u0007");

    assertThat(run("get", id).out()).doesNotContain("\u001B", "\u0007").contains("alert");
    assertThat(json("get", id).path("content").asText()).isEqualTo("red \u001B[31malert\u0007");
  }
}
