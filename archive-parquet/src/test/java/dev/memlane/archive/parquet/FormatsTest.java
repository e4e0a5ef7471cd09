package dev.memlane.archive.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.archive.ArchiveEntry;
import dev.memlane.archive.JsonLines;
import dev.memlane.model.ArchivedMemory;
import dev.memlane.model.ArchivedMessage;
import dev.memlane.model.ArchivedRow;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MessageRole;
import dev.memlane.model.Metadata;
import dev.memlane.model.Scope;
import dev.memlane.testing.TestMemories;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Parquet and JSON Lines, written from the same memories and messages. */
@Tag("slow")
class FormatsTest {

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path files;

  static List<Long> seeds() {
    Long given = Long.getLong("memlane.archive.seed");
    if (given != null) {
      return List.of(given);
    }
    Random random = new Random();
    return List.of(1L, 2L, random.nextLong(), random.nextLong(), random.nextLong());
  }

  static byte[] parquet(RandomArchive archive) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    archive.writeTo(ParquetArchive.format().sink(bytes));
    return bytes.toByteArray();
  }

  private static byte[] jsonLines(RandomArchive archive) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    archive.writeTo(JsonLines.format().sink(bytes));
    return bytes.toByteArray();
  }

  private Entries read(byte[] parquet) throws IOException {
    Path file = Files.write(files.resolve("archive"), parquet);
    try (ParquetSource source = ParquetArchive.open(file)) {
      return Entries.read(source);
    }
  }

  /** A failure is run again with {@code -Dmemlane.archive.seed=SEED}. */
  @ParameterizedTest
  @MethodSource("seeds")
  void anyArchive_isTheSameInBothFormats(long seed) throws IOException {
    RandomArchive archive = RandomArchive.of(seed, 120, 30);
    byte[] parquet = parquet(archive);

    Entries fromParquet = read(parquet);
    Entries fromJsonLines = Entries.read(JsonLines.source(new ByteArrayInputStream(jsonLines(archive))));

    assertThat(fromParquet).as("seed " + seed).isEqualTo(Entries.of(archive)).isEqualTo(fromJsonLines);
    assertThat(parquet(archive)).as("the same memories are the same bytes").isEqualTo(parquet);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void parquet_readAsJsonLines_isWhatJsonLinesHold(long seed) throws IOException {
    RandomArchive archive = RandomArchive.of(seed, 40, 10);
    Path file = Files.write(files.resolve("archive"), parquet(archive));
    List<Long> rows = new ArrayList<>();
    List<Long> lines = new ArrayList<>();

    byte[] converted;
    try (ParquetSource source = ParquetArchive.open(file)) {
      converted = JsonLines.stream(source).readAllBytes();
    }
    try (ParquetSource source = ParquetArchive.open(file)) {
      for (ArchiveEntry entry = source.next(); entry != null; entry = source.next()) {
        rows.add(entry.number() + 1);
      }
    }
    var source = JsonLines.source(new ByteArrayInputStream(converted));
    for (ArchiveEntry entry = source.next(); entry != null; entry = source.next()) {
      lines.add(entry.number());
    }

    assertThat(new String(converted, StandardCharsets.UTF_8).lines().filter(line -> !line.isEmpty()))
        .as("seed " + seed)
        .containsExactlyElementsOf(new String(jsonLines(archive), StandardCharsets.UTF_8).lines().toList());
    assertThat(lines).as("a row and its line have numbers that belong together").isEqualTo(rows);
  }

  @Test
  void emptyArchive_isReadAsEmpty() throws IOException {
    RandomArchive empty = RandomArchive.of(1, 0, 0);

    assertThat(read(parquet(empty))).isEqualTo(Entries.of(empty));
  }

  @Test
  void manyRowGroupsAndPages_areReadInOrder() throws IOException {
    Random random = new Random(5);
    List<ArchivedMemory> memories = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      byte[] noise = new byte[90_000];
      random.nextBytes(noise);
      memories.add(memory(i, new String(noise, StandardCharsets.ISO_8859_1).replace('\0', ' ') + "x",
          Metadata.of("n", i)));
    }
    RandomArchive archive = new RandomArchive(memories, List.of(), List.of());
    byte[] parquet = parquet(archive);

    Path file = Files.write(files.resolve("archive"), parquet);
    try (FileBytes bytes = FileBytes.open(file)) {
      assertThat(FileFooter.read(bytes).groups()).hasSizeGreaterThan(1);
    }
    assertThat(read(parquet)).isEqualTo(Entries.of(archive));
  }

  private static ArchivedMemory memory(long number, String content, Metadata metadata) {
    Instant at = Instant.parse("2026-03-02T09:14:00.000001Z");
    Memory memory = new Memory(TestMemories.id(number), Scope.user("ada"), null, null, content, metadata, null, at, at,
        null, 1, TestMemories.op(number));
    return new ArchivedMemory(new ArchivedRow.Live(memory, null, false),
        List.of(new HistoryEntry(memory.id(), memory.op(), 1, HistoryEntry.Kind.ADD, null, content, null, metadata,
            null, at)));
  }

  @Test
  void longestValues_areReadAsTheyWereWritten() throws IOException {
    Metadata most = Metadata.empty();
    String[] controls = new String[999];
    Arrays.fill(controls, "\u0001".repeat(Metadata.LONGEST_TEXT));
    most = most.with("many", List.of(controls));
    String longest = "\uFFFD".repeat(16_000_000);
    String cut = "\uD83C".repeat(16_000_000);
    Instant at = Instant.parse("2026-03-02T09:14:00.000001Z");
    RandomArchive archive = new RandomArchive(List.of(memory(1, "\uFFFD".repeat(100_000), most)),
        List.of(Scope.run("1"), Scope.run("1")),
        List.of(
            new ArchivedMessage(
                new ConversationMessage(1, new UUID(1, 1), MessageRole.USER, longest, "form", longest, at), true),
            new ArchivedMessage(new ConversationMessage(2, new UUID(1, 2), MessageRole.USER, cut, "form", cut, at),
                true)));

    assertThat(read(parquet(archive)).equals(Entries.of(archive))).isTrue();
  }

  @Test
  void time_finerThanAMicrosecond_isRefused() {
    Instant at = Instant.parse("2026-03-02T09:14:00.0000001Z");
    RandomArchive archive = new RandomArchive(List.of(), List.of(Scope.run("1")), List.of(new ArchivedMessage(
        new ConversationMessage(1, new UUID(1, 1), MessageRole.USER, null, "form", "", at), true)));

    assertThatThrownBy(() -> parquet(archive)).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("more digits than a microsecond", "JSON Lines");
  }
}
