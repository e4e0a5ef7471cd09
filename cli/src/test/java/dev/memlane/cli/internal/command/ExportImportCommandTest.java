package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.memlane.cli.internal.terminal.Console;
import dev.memlane.cli.internal.terminal.Json;
import dev.memlane.cli.internal.terminal.StopSignal;
import dev.memlane.embedded.Memlane;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.PlainMessages;
import dev.memlane.testing.RandomFilters;
import dev.memlane.testing.TestServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Export and import as a user runs them: from one database to a file, and from there into another database. */
@Tag("programs")
class ExportImportCommandTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path files;

  private String input = "";
  @SuppressWarnings("NullAway.Init") // set before each test
  private Place one;
  @SuppressWarnings("NullAway.Init") // set before each test
  private Place other;

  /** The memories that an import restores together. */
  private static final int CHUNK = 1_000;

  /** A database with a directory for its index. */
  private record Place(String name, String jdbcUrl) {}

  private record Run(int status, String out, String err) {

    JsonNode json() {
      try {
        return Json.MAPPER.readTree(out);
      } catch (IOException e) {
        throw new AssertionError("not JSON: " + out + ", standard error: " + err, e);
      }
    }
  }

  @BeforeEach
  void createDatabases() {
    one = new Place("one", TestServer.freshDatabase(TABLES));
    other = new Place("other", TestServer.freshDatabase(TABLES));
  }

  private Run run(Place place, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console = new Console(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
        new PrintStream(out, false, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8), false);
    CommandContext context = new CommandContext(new CommonOptions(), console,
        Map.of("MEMLANE_DATA", files.resolve(place.name).toString()), files, new StopSignal(),
        builder -> builder.embedder(new HashEmbedder()).postgres(place.jdbcUrl, null, null));
    int status = new Application(context).run(arguments);
    return new Run(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private JsonNode json(Place place, String... arguments) {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    all.add("--json");
    Run run = run(place, all.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    return run.json();
  }

  /** Some memories of every kind; the ids of one that was changed and of one that was deleted. */
  private List<String> fill() throws IOException {
    Path chat = Files.writeString(files.resolve("chat.jsonl"),
        """
            {"content":"Ada plays the oboe","user":"ada","run":"7","actor":"Ada","key":"k","occurredAt":"2026-03-02T09:14:00.123456Z"}
            {"content":"\u4F60\u597D \uD83D\uDE00 \\"\\\\\\n\\t'","user":"ada","metadata":{"whole":9007199254740992,"tags":["a",1,true,0.1,"\uD83D\uDE00"],"large":1e300,"half":0.5,"none":[],"minus":-3}}
            {"content":"held once","agent":"a"}
            {"content":"gone soon","user":"ada","key":"gone"}
            """);
    json(one, "ingest", chat.toString(), "--once");
    String changed = json(one, "list", "--user", "ada", "--run", "7").path("memories").path(0).path("id").asText();
    json(one, "update", changed, "Ada plays the flute", "--actor", "editor");
    String gone = json(one, "search", "gone soon", "--user", "ada").path("hits").path(0).path("id").asText();
    json(one, "delete", gone);
    return List.of(changed, gone);
  }

  @Test
  void exportThenImport_everyCommandAnswersAsBefore() throws IOException {
    List<String> ids = fill();
    Path file = files.resolve("backup.jsonl");

    JsonNode exported = json(one, "export", file.toString());
    JsonNode imported = json(other, "import", file.toString());

    assertThat(exported.path("memories").asInt()).isEqualTo(3);
    assertThat(exported.path("deleted").asInt()).isEqualTo(1);
    assertThat(imported.path("restored").asInt()).isEqualTo(4);
    assertThat(imported.path("complete").asBoolean()).isTrue();
    assertThat(imported.path("failures")).isEmpty();
    for (String command : List.of("list --user ada", "list", "search flute --user ada", "history " + ids.getFirst(),
        "history " + ids.getLast(), "get " + ids.getFirst(), "verify")) {
      assertThat(json(other, command.split(" "))).as(command).isEqualTo(json(one, command.split(" ")));
    }
    assertThat(json(other, "verify").path("inconsistencies")).isEmpty();
    assertThat(run(other, "get", ids.getLast()).status()).isEqualTo(1);
    JsonNode again = json(other, "ingest", files.resolve("chat.jsonl").toString(), "--once");
    assertThat(again.path("stored").asInt()).isZero();
    assertThat(again.path("duplicates").asInt()).isEqualTo(4);
    assertThat(again.path("deleted").asInt()).as("a deleted key stays deleted").isEqualTo(1);
    Path second = files.resolve("second.jsonl");
    json(other, "export", second.toString());
    assertThat(second).hasSameBinaryContentAs(file);
  }

  @Test
  void exportAsParquet_importsAsJsonLinesDo() throws IOException {
    List<String> ids = fill();
    Path file = files.resolve("backup");

    JsonNode exported = json(one, "export", file.toString(), "--format", "parquet");
    JsonNode imported = json(other, "import", file.toString());
    JsonNode again = json(other, "import", file.toString());

    assertThat(exported.path("memories").asInt()).isEqualTo(3);
    assertThat(imported.path("restored").asInt()).isEqualTo(4);
    assertThat(imported.path("complete").asBoolean()).isTrue();
    assertThat(again.path("alreadyThere").asInt()).isEqualTo(4);
    for (String command : List.of("list", "history " + ids.getFirst(), "history " + ids.getLast(), "verify")) {
      assertThat(json(other, command.split(" "))).as(command).isEqualTo(json(one, command.split(" ")));
    }
    assertThat(run(other, "export").out()).isEqualTo(run(one, "export").out());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
  }

  @Test
  void importOfParquet_thatCannotBeRead_isRefusedAndSaysWhatToDo() throws IOException {
    fill();
    Path file = files.resolve("backup.parquet");
    json(one, "export", file.toString(), "--format", "parquet");
    byte[] whole = Files.readAllBytes(file);

    Files.write(file, Arrays.copyOf(whole, whole.length / 2));
    Run cut = run(other, "import", file.toString());
    whole[whole.length / 3] ^= 1;
    Files.write(file, whole);
    Run damaged = run(other, "import", file.toString());
    Run ingested = run(other, "ingest", file.toString(), "--user", "ada");
    input = "PAR1 and so on";
    Run piped = run(other, "import", "-");
    Run foreign = run(other, "import", Files.writeString(file, "PAR1................PAR1").toString());

    assertThat(cut.err()).contains(file + ": the Parquet file is damaged", "was it cut off?", "nothing was imported");
    assertThat(damaged.err()).contains(file + ": the Parquet file is damaged", "copy the file once more");
    assertThat(ingested.err()).contains("it is a Parquet file");
    assertThat(piped.err()).contains("it is a Parquet file", "'memlane import' reads");
    assertThat(foreign.err()).contains("is damaged");
    assertThat(List.of(cut, damaged, ingested, piped, foreign)).allSatisfy(run -> {
      assertThat(run.status()).isEqualTo(1);
      PlainMessages.assertPlain(run.err());
    });
    assertThat(json(other, "list").path("memories")).isEmpty();
  }

  @Test
  void export_toFile_isReadableByOwnerOnly_andOverwritesOnlyOnRequest() throws IOException {
    fill();
    Path file = files.resolve("backup.jsonl");
    json(one, "export", file.toString());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
    byte[] first = Files.readAllBytes(file);

    Run refused = run(one, "export", file.toString(), "--user", "ada");

    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("the file exists already", "--force");
    assertThat(file).hasBinaryContent(first);
    Run forced = run(one, "export", file.toString(), "--user", "ada", "--force");
    assertThat(forced.out()).startsWith("2 memories and 1 deleted ones exported to " + file + " in ");
    assertThat(Files.readAllLines(file)).hasSize(5).first().asString().contains("\"user\":\"ada\"");
    try (Stream<Path> there = Files.list(files)) {
      assertThat(there).noneMatch(path -> path.toString().endsWith(".part"));
    }
    assertThat(run(one, "export", files.resolve("no/such.jsonl").toString()).err()).contains("there is no directory");
    assertThat(run(one, "export", files.toString(), "--force").err()).contains("no file that can be overwritten");
  }

  @Test
  void exportToStandardOutput_importFromStandardInput_isTheSameWithoutVectors() throws IOException {
    fill();

    Run exported = run(one, "export", "--no-vectors");
    assertThat(exported.status()).isZero();
    assertThat(exported.out()).doesNotContain("\"vector\"");
    assertThat(exported.err()).contains("3 memories and 1 deleted ones exported to standard output");
    input = exported.out();
    Run imported = run(other, "import", "-");

    assertThat(imported.status()).as(imported.err()).isZero();
    assertThat(imported.out()).startsWith("4 read: 4 restored, 0 were there already, 0 in another state, 0 failed in ");
    assertThat(run(other, "export").out()).as("embedded again").isEqualTo(run(one, "export").out());
    assertThat(run(one, "export", "--json").status()).isEqualTo(2);
  }

  @Test
  void import_ofTruncatedFile_keepsWhatWasReadAndReportsIt() throws IOException {
    fill();
    Path file = files.resolve("backup.jsonl");
    json(one, "export", file.toString());
    List<String> lines = Files.readAllLines(file);
    Files.writeString(file, String.join("\n", lines.subList(0, 3)) + "\n" + lines.get(3).substring(0, 100));

    Run cut = run(other, "import", file.toString());

    assertThat(cut.status()).isEqualTo(1);
    assertThat(cut.out()).startsWith("3 read: 2 restored");
    assertThat(cut.err()).contains(file + ":4: not JSON", "is not complete");
    Files.write(file, lines);
    JsonNode whole = json(other, "import", file.toString());
    assertThat(whole.path("restored").asInt()).isEqualTo(2);
    assertThat(whole.path("alreadyThere").asInt()).isEqualTo(2);
  }

  @Test
  void import_withBadLines_reportsThemAndRestoresTheOthers() throws IOException {
    fill();
    Path file = files.resolve("backup.jsonl");
    json(one, "export", file.toString());
    List<String> lines = Files.readAllLines(file);
    ObjectNode bad = (ObjectNode) Json.MAPPER.readTree(lines.get(1));
    bad.remove("history");
    String withoutOp = lines.get(2).replaceFirst("\"op\":\"[^\"]*\",", "");
    Files.write(file, List.of(lines.get(0), Json.write(bad), withoutOp, lines.get(3), lines.get(4), lines.get(5),
        lines.get(1)));

    Run run = run(other, "import", file.toString(), "--json");

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.json().path("restored").asInt()).isEqualTo(2);
    assertThat(run.json().path("failed").asInt()).isEqualTo(3);
    assertThat(run.json().path("failures").findValuesAsText("line")).containsExactly("2", "3", "7");
    assertThat(run.json().path("complete").asBoolean()).isFalse();
    assertThat(run.err()).contains(":2: \"history\" must be a list", ":3: the field \"op\" is missing",
        ":7: it comes after the last line");
    assertThat(json(other, "verify").path("inconsistencies")).isEmpty();
  }

  /** The line of the memory with this content, with another text everywhere in it or only once. */
  private static String edited(List<String> lines, String content, String what, String by) {
    String line = lines.stream().filter(each -> each.contains("\"content\":\"" + content + "\"")).findFirst()
        .orElseThrow();
    assertThat(line).contains(what);
    return line.replace(what, by);
  }

  private Path withEdit(String content, String what, String by) throws IOException {
    fill();
    Path file = files.resolve("backup.jsonl");
    json(one, "export", file.toString());
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    String changed = edited(lines, content, what, by);
    lines.replaceAll(line -> line.contains("\"content\":\"" + content + "\"") ? changed : line);
    return Files.write(file, lines);
  }

  @Test
  void import_ofAnEditedContent_isRefused_andNamesTheLine() throws IOException {
    Path file = withEdit("Ada plays the flute", "\"content\":\"Ada plays the flute\"", "\"content\":\"[redacted]\"");

    Run run = run(other, "import", file.toString(), "--json");

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.json().path("restored").asInt()).isEqualTo(3);
    assertThat(run.json().path("failed").asInt()).isEqualTo(1);
    assertThat(run.err()).contains("it was edited in the file: its content is not the one that its history ends with",
        "--accept-edits");
    assertThat(json(other, "search", "flute", "--everywhere").toString()).doesNotContain("flute", "redacted");
  }

  @Test
  void import_ofAnEditedContent_accepted_isEmbeddedAgainAndInTheHistory() throws IOException {
    Path file = withEdit("Ada plays the flute", "\"content\":\"Ada plays the flute\"", "\"content\":\"a tuba now\"");

    JsonNode imported = json(other, "import", file.toString(), "--accept-edits");

    assertThat(imported.path("restored").asInt()).isEqualTo(4);
    assertThat(imported.path("edited").asInt()).isEqualTo(1);
    JsonNode hit = json(other, "search", "a tuba now", "--user", "ada", "--mode", "semantic", "--explain").path("hits")
        .path(0);
    assertThat(hit.path("content").asText()).isEqualTo("a tuba now");
    assertThat(hit.path("explanation").path("semantic").path("cosine").asDouble()).as("its own vector")
        .isGreaterThan(0.7);
    JsonNode entries = json(other, "history", hit.path("id").asText()).path("entries");
    assertThat(entries.findValuesAsText("kind")).containsExactly("add", "update", "update");
    assertThat(entries.path(2).path("oldContent").asText()).isEqualTo("Ada plays the flute");
    assertThat(entries.path(2).path("newContent").asText()).isEqualTo("a tuba now");
    assertThat(entries.path(2).path("actor").asText()).isEqualTo("import");
    assertThat(json(other, "verify").path("inconsistencies")).isEmpty();
    JsonNode again = json(other, "import", file.toString(), "--accept-edits");
    assertThat(again.path("alreadyThere").asInt()).isEqualTo(4);
  }

  @Test
  void import_whereContentAndHistoryWereEdited_noticesTheVector() throws IOException {
    Path file = withEdit("Ada plays the flute", "Ada plays the flute", "a tuba now");

    Run refused = run(other, "import", file.toString());
    JsonNode imported = json(other, "import", file.toString(), "--accept-edits");

    assertThat(refused.err()).contains("its vector is not of its content");
    assertThat(imported.path("restored").asInt()).isEqualTo(1);
    assertThat(json(other, "search", "a tuba now", "--user", "ada", "--mode", "semantic", "--explain").path("hits")
        .path(0).path("explanation").path("semantic").path("cosine").asDouble()).isGreaterThan(0.7);
  }

  @Test
  void import_whereAnEarlierVersionWasEdited_isRefused() throws IOException {
    Path file = withEdit("Ada plays the flute", "\"newContent\":\"Ada plays the oboe\"",
        "\"newContent\":\"[redacted]\"");

    assertThat(run(other, "import", file.toString()).err())
        .contains("version 2 of its history begins with another content than version 1 has left");
    assertThat(run(other, "import", file.toString(), "--accept-edits").status()).isZero();
    assertThat(json(other, "verify").path("inconsistencies")).isEmpty();
  }

  @Test
  void import_whereAnotherStateExists_reportsTheLine() throws IOException {
    List<String> ids = fill();
    Path file = files.resolve("backup.jsonl");
    json(one, "export", file.toString());
    json(one, "update", ids.getFirst(), "Ada plays the bassoon");

    Run run = run(one, "import", file.toString());

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).startsWith("4 read: 0 restored, 3 were there already, 1 in another state, 0 failed in ");
    assertThat(run.err()).contains("is there in another state", ids.getFirst());
    assertThat(json(one, "get", ids.getFirst()).path("content").asText()).isEqualTo("Ada plays the bassoon");
  }

  @Test
  void import_ofAnotherKindOfFile_isRefused() throws IOException {
    Path chat = Files.writeString(files.resolve("chat.jsonl"), "{\"content\":\"x\",\"user\":\"u\"}\n");
    Path newer = Files.writeString(files.resolve("newer.jsonl"), "{\"memlane\":\"export\",\"format\":3}\n");

    assertThat(run(one, "import", chat.toString()).err()).contains("was not written by 'memlane export'", "ingest");
    assertThat(run(one, "import", newer.toString()).err()).contains("format 3");
    assertThat(run(one, "import", files.resolve("missing").toString()).err()).contains("there is no such file");
    assertThat(run(one, "import", chat.toString()).status()).isEqualTo(1);
    assertThat(run(one, "import").status()).isEqualTo(2);
  }

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void exportImportExport_ofRandomMemories_givesTheSameBytes(long seed) throws IOException {
    Random random = new Random(seed);
    try (Memlane memlane = Memlane.builder(files.resolve(one.name)).embedder(new HashEmbedder())
        .postgres(one.jdbcUrl, null, null).settings(settings -> settings.deduplicate(scope -> scope.agent() != null))
        .open()) {
      BlockingMemory memory = memlane.blocking();
      for (int i = 0; i < 60; i++) {
        Scope scope = random.nextInt(3) == 0 ? Scope.agent("once") : Scope.user("ada");
        Instant expiresAt = random.nextInt(4) == 0 ? Instant.now().plusSeconds(random.nextLong(-1_000, 1_000)) : null;
        MemoryId id = memory.addMemory(NewMemory.builder("number " + i + " \uD83D\uDE00\u2028\n", scope)
            .key(random.nextBoolean() ? "key " + i : null).metadata(RandomFilters.metadata(random))
            .actor(random.nextBoolean() ? "\u00C5da" : null).expiresAt(expiresAt).build()).id();
        for (int more = random.nextInt(3); more > 0 && expiresAt == null; more--) {
          memory.updateMemory(MemoryUpdate.content(id, "number " + i + " changed " + more));
        }
        if (random.nextInt(4) == 0 && expiresAt == null) {
          memory.deleteMemory(MemoryDeletion.of(id));
        }
      }
    }
    Path first = files.resolve("first.jsonl");
    Path second = files.resolve("second.jsonl");

    json(one, "export", first.toString());
    json(other, "import", first.toString());
    json(other, "export", second.toString());

    assertThat(second).as("seed " + seed).hasSameBinaryContentAs(first);
    assertThat(Files.readAllLines(first)).hasSize(62);
    assertThat(json(other, "verify")).isEqualTo(json(one, "verify"));
  }

  @Test
  void exportThenImport_ofSeveralPagesAndChunks_restoresAll() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 2 * CHUNK + 7; i++) {
      lines.append("{\"content\":\"line ").append(i).append("\",\"run\":\"r\"}\n");
    }
    input = lines.toString();
    json(one, "ingest", "-");
    Path file = files.resolve("backup.jsonl");

    json(one, "export", file.toString());

    assertThat(json(other, "import", file.toString()).path("restored").asInt()).isEqualTo(2 * CHUNK + 7);
    assertThat(run(other, "export").out()).isEqualTo(run(one, "export").out());
    assertThat(json(other, "verify").path("inconsistencies")).isEmpty();
  }
}
