package dev.memlane.cli.internal.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.luben.zstd.ZstdOutputStream;
import dev.memlane.archive.LineReader;
import dev.memlane.cli.internal.command.CommandRunner.Run;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.PlainMessages;
import dev.memlane.testing.TestServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Files as people have them: packed, from other systems, in other forms, moved, and of other kinds altogether. */
@Tag("programs")
class IngestInputTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final String TWO_LINES = "{\"content\":\"Zo\u00EB's line\"}\n{\"content\":\"another \uD83D\uDE00\"}\n";
  private static final String LIST = "[" + TWO_LINES.strip().replace("\n", ",\n  ") + "]";

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private static Path shared;

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path files;

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static String database;

  @SuppressWarnings("NullAway.Init") // set before each test
  private CommandRunner commands;
  private final String user = "user-" + UUID.randomUUID();

  @BeforeAll
  static void createDatabase() {
    database = TestServer.freshDatabase(TABLES);
  }

  @BeforeEach
  void open() {
    commands = new CommandRunner(shared.resolve("data"), files, database);
  }

  @FunctionalInterface
  private interface Packing {
    OutputStream around(OutputStream file) throws IOException;
  }

  private static byte[] packed(Packing packing, byte[] bytes) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (OutputStream out = packing.around(file)) {
      out.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file.toByteArray();
  }

  private static byte[] gzip(byte[] bytes) {
    return packed(GZIPOutputStream::new, bytes);
  }

  private static byte[] zstd(byte[] bytes) {
    return packed(ZstdOutputStream::new, bytes);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] both(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private JsonNode memories() {
    return commands.json("list", "--user", user).path("memories");
  }

  static Stream<Arguments> readable() {
    String windows = "\uFEFF" + TWO_LINES.replace("\n", "\r\n");
    String pretty = TWO_LINES.replace("{", "{\n  ").replace("}", "\n}");
    return Stream.of(Arguments.of("gzip", gzip(utf8(TWO_LINES))), Arguments.of("zstd", zstd(utf8(TWO_LINES))),
        Arguments.of("gzip of two parts",
            both(gzip(utf8(TWO_LINES.substring(0, 9))), gzip(utf8(TWO_LINES.substring(9))))),
        Arguments.of("zstd of two parts",
            both(zstd(utf8(TWO_LINES.substring(0, 9))), zstd(utf8(TWO_LINES.substring(9))))),
        Arguments.of("UTF-8 of Windows", utf8(windows)),
        Arguments.of("UTF-16LE", windows.getBytes(StandardCharsets.UTF_16LE)),
        Arguments.of("UTF-16BE", ("\uFEFF" + TWO_LINES).getBytes(StandardCharsets.UTF_16BE)),
        Arguments.of("UTF-16LE in gzip", gzip(windows.getBytes(StandardCharsets.UTF_16LE))),
        Arguments.of("list", utf8(LIST)), Arguments.of("list with a mark", utf8("\uFEFF\n " + LIST)),
        Arguments.of("list in UTF-16", ("\uFEFF" + LIST).getBytes(StandardCharsets.UTF_16LE)),
        Arguments.of("list in zstd", zstd(utf8(LIST))), Arguments.of("objects over several lines", utf8(pretty)),
        Arguments.of("old Mac", utf8(TWO_LINES.replace("\n", "\r"))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("readable")
  void ingest_commonForms_areStoredAndRecognisedAgain(String kind, byte[] bytes) throws IOException {
    Path file = Files.write(files.resolve("chat"), bytes);

    JsonNode report = commands.json("ingest", file.toString(), "--user", user);

    assertThat(report.path("stored").asInt()).isEqualTo(2);
    assertThat(memories().findValuesAsText("content")).containsExactlyInAnyOrder("Zo\u00EB's line",
        "another \uD83D\uDE00");
    assertThat(commands.json("ingest", file.toString(), "--user", user).path("duplicates").asInt()).isEqualTo(2);
    commands.input(bytes);
    assertThat(commands.json("ingest", "-", "--user", user + "-").path("stored").asInt()).isEqualTo(2);
  }

  static Stream<Arguments> unreadable() {
    byte[] zip = packed(file -> {
      ZipOutputStream out = new ZipOutputStream(file);
      out.putNextEntry(new ZipEntry("chat.jsonl"));
      return out;
    }, utf8(TWO_LINES));
    byte[] tar = new byte[1024];
    System.arraycopy(utf8("ustar"), 0, tar, 257, 5);
    byte[] noise = new byte[5_000];
    new Random(1).nextBytes(noise);
    // No other kind's beginning.
    noise[0] = 5;
    noise[100] = 0;
    return Stream.of(Arguments.of("zip", zip, "zip archive"), Arguments.of("tar.gz", gzip(tar), "tar archive"),
        Arguments.of("gzip in gzip", gzip(gzip(utf8(TWO_LINES))), "packed twice"),
        Arguments.of("bzip2", utf8("BZh91AY"), "bzip2"),
        Arguments.of("UTF-32", ("\uFEFF" + TWO_LINES).getBytes(Charset.forName("UTF-32LE")), "UTF-32"),
        Arguments.of("UTF-16 without a mark", TWO_LINES.getBytes(StandardCharsets.UTF_16LE), "byte order mark"),
        Arguments.of("CSV", utf8("id,content\n1,a\n2,b\n3,c\n"), "it is not JSON"),
        Arguments.of("HTML", utf8("<html>\n<body>\n<p>Hello\n</html>\n"), "HTML or XML"),
        Arguments.of("PDF", utf8("%PDF-1.7\n"), "a PDF"), Arguments.of("noise", noise, "no text"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("unreadable")
  void ingest_somethingElse_isRefusedOnce_inPlainWords(String kind, byte[] bytes, String says) throws IOException {
    Path file = Files.write(files.resolve("chat"), bytes);
    Path good = Files.writeString(files.resolve("good.jsonl"), TWO_LINES);

    Run run = commands.run("ingest", good.toString(), file.toString(), "--user", user);

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err().lines()).as(run.err()).hasSize(1);
    assertThat(run.err()).contains(file.toString(), says);
    PlainMessages.assertPlain(run.err());
    assertThat(memories()).as("nothing was begun").isEmpty();
    commands.input(bytes);
    Run piped = commands.run("ingest", "-", "--user", user);
    assertThat(piped.status()).isEqualTo(1);
    assertThat(piped.err()).contains(says);
    PlainMessages.assertPlain(piped.err());
  }

  static Stream<Arguments> damaged() {
    String many = TWO_LINES.repeat(100);
    byte[] gzip = gzip(utf8(many));
    byte[] zstd = zstd(utf8(many));
    return Stream.of(Arguments.of("gzip cut off", Arrays.copyOf(gzip, gzip.length - 20), "ends in the middle"),
        Arguments.of("zstd cut off", Arrays.copyOf(zstd, zstd.length - 20), "zstd data is damaged or cut off"),
        Arguments.of("gzip damaged", both(Arrays.copyOf(gzip, 30), new byte[5_000]), "gzip data is damaged"),
        Arguments.of("list cut off", utf8(LIST.substring(0, LIST.length() - 5)), "ends in the middle"),
        Arguments.of("list damaged", utf8(LIST.replace("},", "}")), "it is not JSON: it can't be read at line 2"),
        Arguments.of("UTF-16 damaged",
            both("\uFEFF{}\n".getBytes(StandardCharsets.UTF_16LE), new byte[]{0, (byte) 0xD8, 'a',
                0}),
            "UTF-16 is damaged"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("damaged")
  void ingest_damagedInTheMiddle_reportsItOnce(String kind, byte[] bytes, String says) throws IOException {
    Path file = Files.write(files.resolve("chat"), bytes);

    Run run = commands.run("ingest", file.toString(), "--user", user, "--once");

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).containsOnlyOnce(says);
    PlainMessages.assertPlain(run.err());
  }

  @Test
  void ingest_packedLineWithoutEnd_isBounded() throws IOException {
    byte[] long1 = new byte[LineReader.LONGEST_BYTES + 10];
    Arrays.fill(long1, (byte) 'x');
    Path file = Files.write(files.resolve("bomb.gz"), gzip(both(utf8("{\"content\":\"a\"}\n"), long1)));

    Run lines = commands.run("ingest", file.toString(), "--user", user);

    assertThat(lines.err()).contains("longer than 64 MB");
    assertThat(memories().findValuesAsText("content")).contains("a");
  }

  @Test
  void ingest_manyLinesWithTheSameProblem_areReportedTogether() throws IOException {
    String lines = "{\"content\":\"ok\"}\n" + "{\"content\":\"\"}\n".repeat(3) + "{\"content\":7}\n".repeat(500);
    Path file = Files.writeString(files.resolve("chat.jsonl"), lines);

    Run run = commands.run("ingest", file.toString(), "--user", user, "--json");

    assertThat(run.json().path("failures")).hasSize(503);
    assertThat(run.err().lines().filter(line -> !line.contains(" warning "))).containsExactly(
        file + ":2: the content is empty; a memory needs a text",
        file + ":5: \"content\" must be a text, and this is a number",
        file + ": the same in lines 3, 4 as in line 2",
        file + ": the same in lines 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 and 489 more as in line 5");
  }

  @Test
  void ingest_elementsThatAreNoObjects_failAlone() throws IOException {
    Path file = Files.writeString(files.resolve("list.json"),
        "[{\"content\":\"a\"}, 1, [\"b\"], null,\n{\"content\":\"c\"}]");

    Run run = commands.run("ingest", file.toString(), "--user", user, "--json");

    assertThat(run.json().path("stored").asInt()).isEqualTo(2);
    assertThat(run.json().path("failed").asInt()).isEqualTo(3);
    assertThat(run.err()).contains(file + ":1: a line must be a JSON object");
  }

  @Test
  void ingest_epoch_countsInTheGivenUnit() throws IOException {
    Path file = Files.writeString(files.resolve("chat.jsonl"),
        "{\"content\":\"a\",\"occurredAt\":1772442840}\n{\"content\":\"b\",\"occurredAt\":\"2026-03-02\"}\n");

    Run unsaid = commands.run("ingest", file.toString(), "--user", user);
    JsonNode said = commands.json("ingest", file.toString(), "--user", user, "--epoch", "seconds");

    assertThat(unsaid.err()).contains("--epoch seconds or --epoch milliseconds says what it counts");
    assertThat(said.path("stored").asInt()).isEqualTo(1);
    assertThat(memories().findValuesAsText("occurredAt")).containsExactlyInAnyOrder("2026-03-02T09:14:00Z",
        "2026-03-02T00:00:00Z");
    String id = commands.json("add", "c", "--user", user, "--occurred-at", "1772442840123", "--epoch", "milliseconds")
        .path("id").asText();
    assertThat(commands.json("get", id).path("occurredAt").asText()).isEqualTo("2026-03-02T09:14:00.123Z");
    assertThat(commands.json("search", "c", "--user", user, "--since", "1772442840.123", "--epoch", "seconds")
        .path("hits").findValuesAsText("content")).containsExactly("c");
    assertThat(commands.run("add", "c", "--user", user, "--occurred-at", "1772442840").err())
        .contains("--epoch seconds");
  }

  // Sources

  @Test
  void ingest_equalLinesInFilesOfTheSameName_areTwoSources() throws IOException {
    Path one = Files.createDirectory(files.resolve("one"));
    Path other = Files.createDirectory(files.resolve("other"));
    Files.writeString(one.resolve("chat.jsonl"), "{\"content\":\"good morning\"}\n");
    Files.writeString(other.resolve("chat.jsonl"), "{\"content\":\"good morning\"}\n");

    assertThat(commands.json("ingest", one + "/chat.jsonl", other + "/chat.jsonl", "--user", user).path("stored")
        .asInt()).isEqualTo(2);
    assertThat(commands.json("ingest", one + "/chat.jsonl", other + "/chat.jsonl", "--user", user).path("duplicates")
        .asInt()).isEqualTo(2);
  }

  @Test
  void ingest_sameFileByAnotherPath_resumes() throws IOException {
    Path file = Files.writeString(files.resolve("chat.jsonl"), TWO_LINES);
    Path link = Files.createSymbolicLink(files.resolve("link.jsonl"), file);
    Path relative = Path.of("").toAbsolutePath().relativize(file.toAbsolutePath());
    commands.json("ingest", file.toString(), "--user", user);

    for (String path : List.of(relative.toString(), link.toString(), files + "/./chat.jsonl")) {
      assertThat(commands.json("ingest", path, "--user", user).path("duplicates").asInt()).as(path).isEqualTo(2);
    }
  }

  @Test
  void ingest_movedFileUnderItsFormerName_resumes() throws IOException {
    Path file = Files.writeString(files.resolve("chat.jsonl"), TWO_LINES);
    commands.json("ingest", file.toString(), "--user", user);
    Path moved = Files.move(file, files.resolve("archive.jsonl"));

    assertThat(commands.json("ingest", moved.toString(), "--user", user, "--source", file.toString())
        .path("duplicates").asInt()).isEqualTo(2);
    assertThat(commands.json("ingest", moved.toString(), "--user", user).path("stored").asInt()).isEqualTo(2);
    assertThat(commands.run("ingest", moved.toString(), file.toString(), "--user", user, "--source", "x").status())
        .isEqualTo(2);
  }
}
