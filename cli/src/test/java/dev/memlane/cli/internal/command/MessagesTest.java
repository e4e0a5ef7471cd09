package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.cli.internal.command.CommandRunner.Run;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.PlainMessages;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each command at its mistakes: it says what is wrong and what to do, in words of its user's. */
@Tag("programs")
class MessagesTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final String ID = "0198c5a2-7c1e-7a50-9d53-0242ac120002";

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private static Path files;
  @SuppressWarnings("NullAway.Init") // set before all tests
  private static CommandRunner commands;
  @SuppressWarnings("NullAway.Init") // set before all tests
  private static CommandRunner withoutDatabase;

  @BeforeAll
  static void createFiles() throws IOException {
    commands = new CommandRunner(files.resolve("data"), files, TestServer.freshDatabase(TABLES));
    withoutDatabase = new CommandRunner(files.resolve("elsewhere"), files, null);
    write("two-objects.jsonl", "{\"content\":\"a\"} {\"content\":\"b\"}\n");
    write("nan.jsonl", "{\"content\":\"a\",\"metadata\":{\"n\":NaN}}\n");
    write("deep.jsonl", "{\"content\":\"a\",\"metadata\":{\"n\":" + "[".repeat(5_000) + "]".repeat(5_000) + "}}\n");
    write("nested.jsonl", "{\"content\":\"a\",\"metadata\":{\"n\":[[1,2]]}}\n");
    write("digits.jsonl", "{\"content\":\"a\",\"metadata\":{\"n\":" + "9".repeat(3_000) + "}}\n");
    write("cut.jsonl", "{\"content\":\"a\n");
    write("word.jsonl", "content\n");
    write("single-quotes.jsonl", "{'content': 'a'}\n");
    write("empty.jsonl", "");
    write("html.jsonl", "<!DOCTYPE html>\n<html>\n<body>\n<p>502 Bad Gateway</p>\n</html>\n");
    write("export-deep.jsonl",
        "{\"memlane\":\"export\",\"format\":1}\n" + "[".repeat(5_000) + "\n{\"memories\":0,\"deleted\":0}\n");
    write("export-nan.jsonl",
        "{\"memlane\":\"export\",\"format\":1}\n{\"id\":NaN}\n{\"a\":1} {}\nx\n{\"memories\":0,\"deleted\":0}\n");
    write("broken.toml", "[embedding\nmodel = x\n");
    write("word.toml", "[embedding]\nmodel = x\n");
    write("twice.toml", "[embedding]\nmodel = \"x\"\nmodel = \"y\"\n");
    write("number.toml", "[embedding]\nmodel = \"x\"\ndimension = \"many\"\n");
    write("table.toml", "[embedding]\nmodel = [1]\n");
    write("large.toml", "[embedding]\nmodel = \"x\"\ndimension = 99999999999\n");
    write("list.toml", "embedding = [1, 2]\n");
    write("endpoints.toml", "[embedding]\nmodel = \"x\"\ndimension = 8\nendpoints = \"one\"\n");
    write("number.properties", "embedding.dimension=many\n");
    write("not-locomo.json", "{\"a\": [1,\n}");
    Files.write(files.resolve("utf16.toml"), "\uFEFF[embedding]\n".getBytes(StandardCharsets.UTF_16LE));
    Files.createDirectory(files.resolve("directory"));
  }

  private static void write(String name, String text) throws IOException {
    Files.writeString(files.resolve(name), text);
  }

  private static Arguments mistake(int status, String says, String... arguments) {
    return Arguments.of(arguments, status, says);
  }

  static Stream<Arguments> mistakes() {
    String long1 = "x".repeat(200_000);
    return Stream.of(mistake(2, "a command is missing"), mistake(2, "rememver", "rememver", "x"),
        mistake(2, "name the exports", "remember"), mistake(2, "don't go together", "remember", "x", "--dead-letters"),
        mistake(2, "give --user, --agent or both", "remember", "@two-objects.jsonl"),
        mistake(2, "there is no chat model", "remember", "@two-objects.jsonl", "--user", "u"),
        mistake(2, "OpenAI's models need an API key", "remember", "x", "--user", "u", "--chat-model", "m"),
        mistake(2, "has a password in it", "remember", "x", "--user", "u", "--chat-model", "m", "--chat-url",
            "http://a:b@localhost/v1"),
        mistake(2, "--time-zone is Mars", "remember", "x", "--dry-run", "--time-zone", "Mars"),
        mistake(2, "chatgpt, claude", "remember", "x", "--dry-run", "--format", "fax"),
        mistake(1, "there is no such file", "remember", "@none", "--dry-run"),
        mistake(1, "it has no chat export in it", "remember", "@directory", "--dry-run"),
        mistake(1, "no chat export that is known", "remember", "@html.jsonl", "--dry-run"),
        mistake(1, "no \"mapping\"", "remember", "@two-objects.jsonl", "--dry-run", "--format", "chatgpt"),
        mistake(1, "Slack's export is a folder", "remember", "@two-objects.jsonl", "--dry-run", "--format", "slack"),
        mistake(1, "nested more than", "remember", "@deep.jsonl", "--dry-run", "--format", "openai"),
        mistake(1, "there is no dead letter", "remember", "--drop", "1-2"),
        mistake(2, "--wrong", "list", "--wrong"), mistake(2, "--data is empty", "list", "--data", ""),
        mistake(2, "--config is empty", "list", "--config", ""),
        mistake(2, "--db-url is empty", "list", "--db-url", ""),
        mistake(2, "--db-url is empty", "list", "--jdbc-url", ""),
        mistake(2, "local, hash", "list", "--embedder", "best"),
        mistake(2, "all-minilm-l6-v2, e5-small-v2", "list", "--model", "best"),
        mistake(2, "--model is a model of the embedder 'local'", "list", "--model", "e5-small-v2", "--embedder",
            "hash"),
        mistake(2, "a tag such as", "list", "--language", "??"),
        mistake(2, "float, byte, bit", "list", "--index-vectors", "double"),
        mistake(2, "say --opensearch-vectors", "list", "--index-vectors", "byte", "--opensearch", "http://localhost:1"),
        mistake(2, "not as bit", "list", "--opensearch-vectors", "bit", "--opensearch", "http://localhost:1"),
        mistake(2, "TEXT", "add"), mistake(2, "--user", "add", "x"),
        mistake(2, "-- \"-5 degrees\"", "add", "-5 degrees", "--user", "ada"),
        mistake(2, "-- \"-5 degrees\"", "search", "-5 degrees", "--user", "ada"),
        mistake(2, "-- \"-5 degrees\"", "update", ID, "-nothing of that"),
        mistake(2, "the limit is 100000", "add", long1, "--user", "ada"),
        mistake(2, "the limit is 255", "add", "x", "--user", long1),
        mistake(2, "key=value", "add", "x", "--user", "ada", "-m", "topic"),
        mistake(2, "too large", "add", "x", "--user", "ada", "-m", "n=" + "9".repeat(3_000)),
        mistake(2, "--epoch", "add", "x", "--user", "ada", "--occurred-at", "1772442840"),
        mistake(2, "a day or a time", "add", "x", "--user", "ada", "--expires-at", "soon"),
        mistake(2, "seconds, milliseconds", "add", "x", "--user", "ada", "--epoch", "days"),
        mistake(2, "no memory id", "get", "12"), mistake(2, "no memory id", "history", long1),
        mistake(2, "ID", "get"), mistake(1, "there is no memory", "get", ID),
        mistake(1, "there is no memory", "update", ID, "x"), mistake(2, "no memory id", "update", "12", "x"),
        mistake(2, "nothing to change", "update", ID), mistake(1, "there is no memory", "delete", ID),
        mistake(2, "give an ID", "delete"), mistake(2, "no operation id", "delete", ID, "--expect", "1"),
        mistake(1, "there is no memory", "history", ID),
        mistake(2, "a whole number", "list", "--limit", "many"), mistake(2, "--limit is 0", "list", "--limit", "0"),
        mistake(2, "a whole number", "search", "x", "--user", "ada", "-k", "9".repeat(50)),
        mistake(2, "a number", "search", "x", "--user", "ada", "--threshold", "high"),
        mistake(2, "between 0 and 1", "search", "x", "--user", "ada", "--threshold", "NaN"),
        mistake(2, "--min-similarity is 2.0", "search", "x", "--user", "ada", "--min-similarity", "2"),
        mistake(2, "--mode is SEMANTIC", "search", "x", "--user", "ada", "--min-words", "1", "--mode", "semantic"),
        mistake(2, "the query is empty", "search", " ", "--user", "ada"),
        mistake(2, "key=value", "search", "x", "--user", "ada", "--filter", "a==b"),
        mistake(2, "7d, 12h or 30m", "search", "x", "--user", "ada", "--half-life", "week"),
        mistake(1, "no such file", "ingest", "@none.jsonl"), mistake(1, "is a directory", "ingest", "@directory"),
        mistake(2, "a file's name is empty", "ingest", ""),
        mistake(1, "something follows the object", "ingest", "@two-objects.jsonl", "--user", "u"),
        mistake(1, "NaN and Infinity", "ingest", "@nan.jsonl", "--user", "u"),
        mistake(1, "nested", "ingest", "@deep.jsonl", "--user", "u"),
        mistake(1, "holds a list", "ingest", "@nested.jsonl", "--user", "u"),
        mistake(1, "digits", "ingest", "@digits.jsonl", "--user", "u"),
        mistake(1, "ends in the middle", "ingest", "@cut.jsonl", "--user", "u"),
        mistake(1, "not JSON", "ingest", "@word.jsonl", "--user", "u"),
        mistake(1, "not JSON", "ingest", "@single-quotes.jsonl", "--user", "u"),
        mistake(1, "HTML or XML", "ingest", "@html.jsonl", "--user", "u"),
        mistake(1, "was not written by 'memlane export'", "import", "@empty.jsonl"),
        mistake(1, "was not written by 'memlane export'", "import", "@two-objects.jsonl"),
        mistake(1, "HTML or XML", "import", "@html.jsonl"), mistake(1, "nested", "import", "@export-deep.jsonl"),
        mistake(1, "NaN and Infinity", "import", "@export-nan.jsonl"),
        mistake(1, "is a directory", "import", "@directory"), mistake(1, "no such file", "import", "@none"),
        mistake(1, "--force", "export", "@empty.jsonl"), mistake(1, "no directory", "export", "@none/x.jsonl"),
        mistake(1, "no file that can be overwritten", "export", "@directory", "--force"),
        mistake(1, "no such file", "eval", "--locomo", "@none"),
        mistake(1, "not JSON", "eval", "--locomo", "@not-locomo.json"),
        mistake(1, "LoCoMo's format", "eval", "--locomo", "@empty.jsonl"),
        mistake(2, "extra", "verify", "extra"), mistake(2, "extra", "stats", "extra"),
        mistake(2, "extra", "reindex", "extra"));
  }

  private static String[] resolved(String[] arguments) {
    return Stream.of(arguments).map(each -> each.startsWith("@") ? files.resolve(each.substring(1)).toString() : each)
        .toArray(String[]::new);
  }

  private static void assertPlain(Run run, int status, String says) {
    assertThat(run.status()).as(run.err()).isEqualTo(status);
    assertThat(run.err()).contains(says).hasSizeLessThan(2_000);
    PlainMessages.assertPlain(run.err());
  }

  @ParameterizedTest(name = "{1} {2} {index}")
  @MethodSource("mistakes")
  void mistake_isExplainedInPlainWords(String[] arguments, int status, String says) {
    assertPlain(commands.run(resolved(arguments)), status, says);
  }

  static Stream<Arguments> badConfigurations() {
    return Stream.of(Arguments.of("none.toml", "there is no such file"), Arguments.of("directory", "is a directory"),
        Arguments.of("broken.toml", "line 1"), Arguments.of("word.toml", "line 2"),
        Arguments.of("twice.toml", "there twice"),
        Arguments.of("number.toml", "embedding.dimension must be a whole number"),
        Arguments.of("table.toml", "embedding.model must be a text"),
        Arguments.of("large.toml", "embedding.dimension is too large a number"),
        Arguments.of("list.toml", "embedding must be a table"),
        Arguments.of("endpoints.toml", "embedding.endpoints must be a list"),
        Arguments.of("number.properties", "embedding.dimension must be a whole number"),
        Arguments.of("utf16.toml", "[embedding] without [[embedding.endpoints]]"));
  }

  @ParameterizedTest
  @MethodSource("badConfigurations")
  void configurationMistake_isExplainedInPlainWords(String file, String says) {
    assertPlain(withoutDatabase.run("list", "--config", files.resolve(file).toString()), 1, says);
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdbc:postgresql://no-such-host.invalid/memlane", "jdbc:postgresql://127.0.0.1:1/memlane",
      "jdbc:postgresql://127.0.0.1:99999/memlane", "jdbc:postgresql:///%%%"})
  @Tag("slow")
  void unreachableDatabase_isExplainedInPlainWords(String url) {
    Run run = withoutDatabase.run("list", "--jdbc-url", url, "--db-user", "nobody");

    assertThat(run.status()).as(run.err()).isNotZero();
    PlainMessages.assertPlain(run.err());
  }

  @Test
  void configuration_withAByteOrderMark_isRead() throws IOException {
    write("mark.toml",
        "\uFEFF[embedding]\nmodel = \"m\"\ndimension = 8\n[[embedding.endpoints]]\nurl = \"https://a.example\"\n");
    write("mark.properties",
        "\uFEFFembedding.model=m\nembedding.dimension=8\nembedding.endpoints.1.url=https://a.example\n");

    for (String name : new String[]{"mark.toml", "mark.properties"}) {
      assertThat(Configuration.read(files.resolve(name)).embedding()).as(name).isNotNull()
          .satisfies(embedding -> assertThat(embedding.model()).isEqualTo("m"));
    }
  }

  @Test
  void textThatBeginsWithDash_afterTwoDashes_isAdded() {
    Run added = commands.run("add", "--user", "dash", "--json", "--", "-5 degrees");

    assertThat(added.status()).as(added.err()).isZero();
    assertThat(commands.json("get", added.json().path("id").asText()).path("content").asText()).isEqualTo("-5 degrees");
  }

  @Test
  void get_metadata_distinguishesNumberFromText() {
    String id = commands.json("add", "x", "--user", "types", "-m", "number=2026", "-m", "text=\"2026\"", "-m",
        "flag=true", "-m", "word=\"true\"", "-m", "list=1|\"1\"|a", "-m", "bar=\"a|b\"", "-m", "quote=\"\\\"q\\\"\"",
        "-m",
        "empty=\"\"").path("id").asText();

    assertThat(commands.run("get", id).out()).contains("number=2026 ", "text=\"2026\"", "flag=true ", "word=\"true\"",
        "list=1|\"1\"|a", "bar=\"a|b\"", "quote=\"\\\"q\\\"\"", "empty=\"\"");
    assertThat(commands.json("get", id).path("metadata").path("number").isNumber()).isTrue();
    assertThat(commands.json("get", id).path("metadata").path("text").isTextual()).isTrue();
    assertThat(commands.run("history", id).out()).contains("text=\"2026\"");
  }
}
