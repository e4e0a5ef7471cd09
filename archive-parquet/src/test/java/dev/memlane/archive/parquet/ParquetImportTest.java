package dev.memlane.archive.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.archive.ArchiveEntry;
import dev.memlane.archive.ArchiveException;
import dev.memlane.archive.ArchiveExporter;
import dev.memlane.archive.ArchiveFile;
import dev.memlane.archive.ArchiveImporter;
import dev.memlane.archive.ExportReport;
import dev.memlane.archive.ImportReport;
import dev.memlane.archive.LineNotice;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMemory;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.RandomFilters;
import dev.memlane.testing.TestServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Export to Parquet and import from it, from one real memory to others. */
@Tag("programs")
class ParquetImportTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Scope ADA = Scope.user("ada");

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path files;
  @SuppressWarnings("NullAway.Init") // set before each test
  private MemoryOrchestrator from;
  private final List<MemoryOrchestrator> opened = new ArrayList<>();

  @BeforeEach
  void open() {
    from = open("from");
  }

  private MemoryOrchestrator open(String name) {
    MemoryOrchestrator memory = MemoryOrchestrator.builder().postgres(TestServer.freshDatabase(TABLES), null, null)
        .indexDirectory(files.resolve(name)).embedder(new HashEmbedder()).open();
    opened.add(memory);
    return memory;
  }

  @AfterEach
  void close() {
    opened.forEach(MemoryOrchestrator::close);
  }

  /** Stores memories of every kind, live, changed, deleted and erased, and conversations. */
  private List<Memory> fill() {
    var memory = from.blocking();
    Random random = new Random(11);
    List<Memory> all = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      NewMemory.Builder added = NewMemory.builder("memory " + i + " \uD83D\uDE00 \u2028", ADA.withRun("r" + i % 3))
          .metadata(RandomFilters.metadata(random));
      if (i % 4 == 0) {
        added.key("key " + i).actor("Ada");
      }
      if (i % 5 == 0) {
        added.occurredAt(Instant.parse("0001-01-01T00:00:00.000001Z"))
            .expiresAt(Instant.parse("9999-12-31T23:59:59.999999Z"));
      }
      all.add(memory.addMemory(added.build()));
    }
    for (int i = 0; i < 40; i += 3) {
      memory.updateMemory(MemoryUpdate.content(all.get(i).id(), "changed " + i));
    }
    memory.updateMemory(MemoryUpdate.builder(all.get(1).id()).actor("Bob").by("editor").build());
    memory.deleteMemory(MemoryDeletion.of(all.get(2).id()));
    memory.deleteMemory(MemoryDeletion.of(all.get(4).id()).purgingHistory());
    var conversations = memory.conversations();
    Scope conversation = ADA.withRun("c");
    conversations.append(conversation, List.of(message("plain"), message("cut \uD83C"), message("b\u0000")));
    conversations.leaveWindow(conversation, LongStream.rangeClosed(1, 2).boxed().toList());
    conversations.append(Scope.run("d"), List.of(message("other")));
    return all;
  }

  private static NewMessage message(String payload) {
    return NewMessage.of(MessageRole.USER, payload, "test", payload);
  }

  private static byte[] jsonLines(MemoryOrchestrator memory) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ArchiveExporter.of(memory).exportTo(bytes);
    return bytes.toByteArray();
  }

  private static List<String> lines(byte[] archive) {
    // Conversations are imported several at once, so which comes first is chance.
    return new String(archive, StandardCharsets.UTF_8).lines().sorted().toList();
  }

  private static ArchiveExporter exporter(MemoryOrchestrator memory) {
    return ArchiveExporter.builder(memory).format(ParquetArchive.format()).build();
  }

  /** The number of a memory's row. */
  private static long row(Path file, Memory memory) throws IOException {
    try (ParquetSource source = ParquetArchive.open(file)) {
      for (ArchiveEntry entry = source.next(); entry != null; entry = source.next()) {
        if (entry instanceof ArchiveEntry.OfMemory of && of.memory().id().equals(memory.id())) {
          return of.number();
        }
      }
    }
    throw new AssertionError("the memory is not in the file");
  }

  private static ImportReport importFrom(Path file, ArchiveImporter importer) {
    try (ParquetSource source = ParquetArchive.open(file)) {
      return importer.importFrom(source);
    } catch (IOException e) {
      throw new AssertionError("the file can be read", e);
    }
  }

  @Test
  void bothFormats_importedIntoEmptyDatabases_makeTheSame() throws IOException {
    List<Memory> added = fill();
    Path file = files.resolve("backup.parquet");
    ExportReport exported = exporter(from).exportTo(ArchiveFile.creating(file));
    byte[] lines = jsonLines(from);
    MemoryOrchestrator byLines = open("lines");
    MemoryOrchestrator byParquet = open("parquet");

    ImportReport ofLines = ArchiveImporter.of(byLines).importFrom(new ByteArrayInputStream(lines));
    ImportReport ofParquet = importFrom(file, ArchiveImporter.of(byParquet));

    assertThat(exported.memories()).isEqualTo(38);
    assertThat(exported.deleted()).isEqualTo(2);
    assertThat(exported.messages()).isEqualTo(4);
    assertThat(ofParquet.failures()).isEmpty();
    assertThat(ofParquet.isComplete()).isTrue();
    assertThat(ofParquet.restored()).isEqualTo(44).isEqualTo(ofLines.restored());
    assertThat(lines(jsonLines(byParquet))).isEqualTo(lines(jsonLines(byLines))).isEqualTo(lines(lines));
    for (Memory memory : added) {
      assertThat(byParquet.blocking().get(memory.id(), Expired.INCLUDED))
          .isEqualTo(from.blocking().get(memory.id(), Expired.INCLUDED));
      assertThat(byParquet.blocking().history(memory.id())).isEqualTo(from.blocking().history(memory.id()))
          .isEqualTo(byLines.blocking().history(memory.id()));
    }
    assertThat(byParquet.blocking().verify(false).isClean()).isTrue();
    assertThat(byParquet.embeddingStatistics().embedded()).as("vectors are restored, not made again").isZero();
    assertThat(byParquet.blocking().conversations().window(ADA.withRun("c")))
        .extracting(ConversationMessage::payload).containsExactly("b\u0000");
  }

  @Test
  void import_again_changesNothing() {
    fill();
    Path file = files.resolve("backup.parquet");
    exporter(from).exportTo(ArchiveFile.creating(file));

    ImportReport report = importFrom(file, ArchiveImporter.of(from));

    assertThat(report.isComplete()).isTrue();
    assertThat(report.alreadyThere()).isEqualTo(44);
  }

  @Test
  void stoppedImport_isResumedByTheNext() {
    fill();
    Path file = files.resolve("backup.parquet");
    exporter(from).exportTo(ArchiveFile.creating(file));
    MemoryOrchestrator to = open("to");
    AtomicInteger polls = new AtomicInteger();

    ImportReport stopped = importFrom(file,
        ArchiveImporter.builder(to).stopWhen(() -> polls.incrementAndGet() > 20).build());
    ImportReport resumed = importFrom(file, ArchiveImporter.of(to));

    assertThat(stopped.ended()).isEqualTo("stopped");
    assertThat(resumed.isComplete()).isTrue();
    assertThat(resumed.restored() + resumed.alreadyThere()).isEqualTo(44);
  }

  @Test
  void import_whereAnotherStateExists_keepsItAndNamesTheRow() throws IOException {
    List<Memory> added = fill();
    Path file = files.resolve("backup.parquet");
    exporter(from).exportTo(ArchiveFile.creating(file));
    from.blocking().updateMemory(MemoryUpdate.content(added.getLast().id(), "newer"));

    long row = row(file, added.getLast());

    ImportReport report = importFrom(file, ArchiveImporter.of(from));

    assertThat(report.different()).isEqualTo(1);
    assertThat(report.failures()).singleElement().satisfies(notice -> {
      assertThat(notice.kind()).isEqualTo(LineNotice.Kind.DIFFERENT);
      assertThat(notice.line()).isEqualTo(row);
    });
    assertThat(from.blocking().get(added.getLast().id())).get().extracting(Memory::content).isEqualTo("newer");
  }

  @Test
  void damagedFile_importsNothing() throws IOException {
    fill();
    Path file = files.resolve("backup.parquet");
    exporter(from).exportTo(ArchiveFile.creating(file));
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    MemoryOrchestrator to = open("to");

    assertThatThrownBy(() -> {
      try (ParquetSource source = ParquetArchive.open(file)) {
        ArchiveImporter.of(to).importFrom(source);
      }
    }).isInstanceOf(ArchiveException.class).hasMessageContaining("nothing was imported");

    assertThat(to.blocking().count(null, null)).isZero();
  }

  @Test
  void exportedFile_isReadableByItsOwnerAlone_andRecognisedByItsContent() throws IOException {
    fill();
    Path file = files.resolve("any name");
    exporter(from).exportTo(ArchiveFile.creating(file));

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
    assertThat(ParquetArchive.isParquet(file)).isTrue();
    assertThat(ParquetArchive.isParquet(Files.writeString(files.resolve("x.parquet"), "{}"))).isFalse();
  }

  @Test
  void exportThatFails_leavesNoFile() throws IOException {
    fill();
    OutputStream full = new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        throw new IOException("No space left on device");
      }
    };

    assertThatThrownBy(() -> exporter(from).exportTo(full)).isInstanceOf(ArchiveException.class)
        .hasMessageContaining("No space left");
    ArchiveExporter stopped = ArchiveExporter.builder(from).format(ParquetArchive.format()).stopWhen(() -> true)
        .build();
    assertThatThrownBy(() -> stopped.exportTo(ArchiveFile.creating(files.resolve("backup.parquet"))))
        .isInstanceOf(ArchiveException.class);
    try (Stream<Path> left = Files.list(files)) {
      assertThat(left).noneMatch(path -> path.toString().contains(".parquet"));
    }
  }

  @Test
  void jsonLinesReader_givenParquet_saysHowToImportIt() throws IOException {
    fill();
    Path file = files.resolve("backup.parquet");
    exporter(from).exportTo(ArchiveFile.creating(file));

    assertThatThrownBy(() -> ArchiveImporter.of(from).importFrom(file)).isInstanceOf(ArchiveException.class)
        .hasMessageContaining("a Parquet file");
  }
}
