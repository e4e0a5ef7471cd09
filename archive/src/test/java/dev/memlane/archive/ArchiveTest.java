package dev.memlane.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.archive.ArchiveException.Reason;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMemory;
import dev.memlane.model.NewMessage;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingConversations;
import dev.memlane.orchestrator.Edits;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Export and import through the public API, from one real memory to another. */
@Tag("programs")
class ArchiveTest {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);
  private static final Scope ADA = Scope.user("ada");

  @TempDir
  @SuppressWarnings("NullAway.Init") // set by JUnit
  private Path files;
  @SuppressWarnings("NullAway.Init") // set before each test
  private MemoryOrchestrator from;
  @SuppressWarnings("NullAway.Init") // set before each test
  private MemoryOrchestrator to;

  @BeforeEach
  void open() {
    from = open("from");
    to = open("to");
  }

  private MemoryOrchestrator open(String name) {
    return MemoryOrchestrator.builder().postgres(TestServer.freshDatabase(TABLES), null, null)
        .indexDirectory(files.resolve(name)).embedder(new HashEmbedder()).open();
  }

  @AfterEach
  void close() {
    from.close();
    to.close();
  }

  /** Stores a memory that was updated, one of another scope, and a deleted one. */
  private Memory fill() {
    Memory added = from.blocking().addMemory(NewMemory.of("Ada plays the oboe", ADA));
    from.blocking().addMemory(NewMemory.of("Bob swims", Scope.user("bob")));
    Memory deleted = from.blocking().addMemory(NewMemory.of("Ada is tired", ADA));
    from.blocking().deleteMemory(MemoryDeletion.of(deleted.id()));
    return from.blocking().updateMemory(MemoryUpdate.content(added.id(), "Ada plays the flute"));
  }

  private static byte[] export(ArchiveExporter exporter) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    exporter.exportTo(bytes);
    return bytes.toByteArray();
  }

  private static InputStream input(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void exportThenImport_restoresEverything() throws IOException {
    Memory updated = fill();
    Path file = files.resolve("backup.jsonl");

    ExportReport exported = ArchiveExporter.of(from).exportTo(ArchiveFile.creating(file));
    ImportReport imported = ArchiveImporter.of(to).importFrom(file);

    assertThat(exported.memories()).isEqualTo(2);
    assertThat(exported.deleted()).isEqualTo(1);
    assertThat(imported.isComplete()).isTrue();
    assertThat(imported.restored()).isEqualTo(3);
    assertThat(to.blocking().get(updated.id())).contains(updated);
    assertThat(to.blocking().history(updated.id())).isEqualTo(from.blocking().history(updated.id()));
    assertThat(to.blocking().verify(false).isClean()).isTrue();
    assertThat(export(ArchiveExporter.of(to))).as("the same bytes").isEqualTo(Files.readAllBytes(file));
  }

  private static NewMessage message(String payload) {
    return NewMessage.of(MessageRole.USER, payload, "test", payload);
  }

  /** Two conversations of Ada, one with messages that have left the window, and one of Bob. */
  private List<Scope> converse() {
    BlockingConversations conversations = from.blocking().conversations();
    Scope one = ADA.withRun("1");
    conversations.append(one, IntStream.range(0, 1_200 - 200).mapToObj(i -> message("m" + i)).toList());
    conversations.append(one, IntStream.range(1_000, 1_200).mapToObj(i -> message("cut \ud83c " + i)).toList());
    conversations.leaveWindow(one, LongStream.rangeClosed(1, 1_190).boxed().toList());
    Scope two = ADA.withRun("2");
    conversations.replaceWindow(two, List.of(message("a"), message("b\u0000")));
    Scope ofBob = Scope.user("bob").withRun("1");
    conversations.append(ofBob, List.of(message("Bob's")));
    return List.of(one, two, ofBob);
  }

  @Test
  void conversations_exportedAndImported_areAsTheyWere() {
    Memory unused = fill();
    List<Scope> conversations = converse();
    ByteArrayOutputStream archive = new ByteArrayOutputStream();

    ExportReport exported = ArchiveExporter.of(from).exportTo(archive);
    ImportReport imported = ArchiveImporter.of(to).importFrom(new ByteArrayInputStream(archive.toByteArray()));
    ImportReport again = ArchiveImporter.of(to).importFrom(new ByteArrayInputStream(archive.toByteArray()));

    assertThat(exported.messages()).isEqualTo(1_203);
    assertThat(imported.failures()).isEmpty();
    assertThat(imported.isComplete()).isTrue();
    assertThat(imported.restored()).isEqualTo(1_206);
    assertThat(again.isComplete()).isTrue();
    assertThat(again.alreadyThere()).isEqualTo(1_206);
    BlockingConversations before = from.blocking().conversations();
    BlockingConversations after = to.blocking().conversations();
    // Conversations are imported several at once, so which comes first is chance.
    assertThat(after.list(null, 0, 10).conversations()).containsExactlyInAnyOrderElementsOf(conversations);
    for (Scope conversation : conversations) {
      assertThat(after.window(conversation)).isEqualTo(before.window(conversation));
      assertThat(after.messages(conversation, 0, 1_000)).isEqualTo(before.messages(conversation, 0, 1_000));
    }
    assertThat(new String(export(ArchiveExporter.of(to)), StandardCharsets.UTF_8).lines())
        .containsExactlyInAnyOrderElementsOf(archive.toString(StandardCharsets.UTF_8).lines().toList());
    assertThat(after.append(conversations.getFirst(), List.of(message("next"))).getFirst().position())
        .isEqualTo(1_201);
  }

  @Test
  void conversations_ofAScope_areExportedAlone() {
    List<Scope> unused = converse();

    String archive = new String(export(ArchiveExporter.builder(from).scope(Scope.user("bob")).build()),
        StandardCharsets.UTF_8);

    assertThat(archive).contains("Bob's").doesNotContain("ada").endsWith("\"messages\":1}\n");
  }

  @Test
  void messages_thatDiffer_areKeptAndReported() {
    Scope conversation = ADA.withRun("1");
    from.blocking().conversations().append(conversation, List.of(message("a"), message("b"), message("c")));
    to.blocking().conversations().append(conversation, List.of(message("here first")));
    String archive = new String(export(ArchiveExporter.of(from)), StandardCharsets.UTF_8);
    String doubled = archive.replaceAll("(?m)^(.*\"position\":3.*\n)", "$1$1");

    ImportReport report = ArchiveImporter.of(to).importFrom(input(doubled));

    assertThat(report.restored()).isEqualTo(2);
    assertThat(report.different()).isEqualTo(1);
    assertThat(report.alreadyThere()).as("the line that is there twice").isEqualTo(1);
    assertThat(report.whole()).as("one line too many").isFalse();
    assertThat(report.failures()).singleElement().satisfies(
        notice -> assertThat(notice.message()).contains("position 1").doesNotContain("here first"));
    assertThat(to.blocking().conversations().window(conversation)).extracting(ConversationMessage::payload)
        .containsExactly("here first", "b", "c");
  }

  @Test
  void import_again_changesNothing() {
    fill();
    byte[] archive = export(ArchiveExporter.of(from));
    ArchiveImporter importer = ArchiveImporter.of(to);
    importer.importFrom(new ByteArrayInputStream(archive));

    ImportReport again = importer.importFrom(new ByteArrayInputStream(archive));

    assertThat(again.isComplete()).isTrue();
    assertThat(again.alreadyThere()).isEqualTo(3);
    assertThat(again.restored()).isZero();
  }

  @Test
  void export_ofAScopeWithoutVectors_holdsOnlyThat() {
    fill();

    String archive = new String(export(ArchiveExporter.builder(from).scope(ADA).vectors(false).build()),
        StandardCharsets.UTF_8);

    assertThat(archive).contains("Ada plays the flute").doesNotContain("Bob", "\"vector\"");
    assertThat(ArchiveImporter.of(to).importFrom(input(archive)).isComplete()).isTrue();
    assertThat(to.blocking().verify(false).isClean()).as("embedded again").isTrue();
  }

  @Test
  void progress_reachesTheTotal() {
    fill();
    List<String> exported = new ArrayList<>();
    List<String> imported = new ArrayList<>();

    byte[] archive = export(
        ArchiveExporter.builder(from).progress((done, total) -> exported.add(done + "/" + total)).build());
    ArchiveImporter.builder(to).progress((done, total) -> imported.add(done + "/" + total)).build()
        .importFrom(new ByteArrayInputStream(archive));

    assertThat(exported).containsExactly("0/2", "2/2");
    assertThat(imported).containsExactly("3/-1");
  }

  @Test
  void file_thatExists_isReplacedOnlyOnRequest() throws IOException {
    fill();
    Path file = Files.writeString(files.resolve("backup.jsonl"), "precious");

    assertThatThrownBy(() -> ArchiveFile.creating(file)).isInstanceOfSatisfying(ArchiveException.class,
        e -> assertThat(e.reason()).isEqualTo(Reason.FILE_EXISTS)).hasMessageContaining("exists already");
    assertThat(file).hasContent("precious");
    ArchiveExporter.of(from).exportTo(ArchiveFile.replacing(file));

    assertThat(Files.readAllLines(file)).hasSize(5);
  }

  @Test
  void file_whereNoneCanBe_isRefused() {
    assertThatThrownBy(() -> ArchiveFile.replacing(files)).isInstanceOfSatisfying(ArchiveException.class,
        e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_PATH));
    assertThatThrownBy(() -> ArchiveFile.creating(files.resolve("no/such.jsonl")))
        .isInstanceOf(ArchiveException.class).hasMessageContaining("there is no directory");
  }

  @Test
  void stoppedExport_leavesNoFile() throws IOException {
    List<NewMemory> many = IntStream.range(0, 501).mapToObj(i -> NewMemory.of("number " + i, ADA)).toList();
    from.blocking().addMemories(many);
    ArchiveExporter exporter = ArchiveExporter.builder(from).stopWhen(() -> true).build();
    ArchiveFile file = ArchiveFile.creating(files.resolve("backup.jsonl"));

    assertThatThrownBy(() -> exporter.exportTo(file)).isInstanceOfSatisfying(ArchiveException.class,
        e -> assertThat(e.reason()).isEqualTo(Reason.STOPPED));

    try (Stream<Path> left = Files.list(files)) {
      assertThat(left).noneMatch(path -> path.toString().contains(".jsonl"));
    }
  }

  @Test
  void export_toAStreamThatFails_saysSo() {
    fill();
    OutputStream full = new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        throw new IOException("No space left on device");
      }
    };

    assertThatThrownBy(() -> ArchiveExporter.of(from).exportTo(full)).isInstanceOfSatisfying(ArchiveException.class,
        e -> assertThat(e.reason()).isEqualTo(Reason.WRITE_FAILED)).hasMessageContaining("No space left");
  }

  @Test
  void import_ofAnotherFile_isRefused() {
    assertThatThrownBy(() -> ArchiveImporter.of(to).importFrom(input("{\"content\":\"x\"}\n")))
        .isInstanceOfSatisfying(ArchiveException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.NOT_AN_ARCHIVE));
    assertThatThrownBy(() -> ArchiveImporter.of(to).importFrom(input("{\"memlane\":\"export\",\"format\":3}\n")))
        .isInstanceOfSatisfying(ArchiveException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.NEWER_FORMAT))
        .hasMessageContaining("format 3");
  }

  @Test
  void import_ofADamagedArchive_restoresTheRestAndReportsTheLine() {
    fill();
    String archive = new String(export(ArchiveExporter.of(from)), StandardCharsets.UTF_8);
    List<String> lines = new ArrayList<>(archive.lines().toList());
    lines.set(1, "damaged");
    List<LineNotice> notices = new ArrayList<>();

    ImportReport report = ArchiveImporter.builder(to).onNotice(notices::add).build()
        .importFrom(input(String.join("\n", lines)));

    assertThat(report.isComplete()).isFalse();
    assertThat(report.whole()).isTrue();
    assertThat(report.restored()).isEqualTo(2);
    assertThat(report.failures()).isEqualTo(notices).singleElement().satisfies(notice -> {
      assertThat(notice.line()).isEqualTo(2);
      assertThat(notice.kind()).isEqualTo(LineNotice.Kind.DAMAGED);
      assertThat(notice.message()).contains("not JSON");
    });
  }

  @Test
  void import_ofAnEditedLine_isRefusedOrAccepted() {
    Memory updated = fill();
    String archive = new String(export(ArchiveExporter.of(from)), StandardCharsets.UTF_8)
        .replace("\"content\":\"Ada plays the flute\"", "\"content\":\"Ada plays the tuba\"");

    ImportReport refused = ArchiveImporter.of(to).importFrom(input(archive));
    ImportReport accepted = ArchiveImporter.builder(to).edits(Edits.TAKEN).build().importFrom(input(archive));

    assertThat(refused.failures()).extracting(LineNotice::kind).containsExactly(LineNotice.Kind.CONTRADICTORY);
    assertThat(accepted.isComplete()).isTrue();
    assertThat(accepted.edited()).isEqualTo(1);
    assertThat(to.blocking().get(updated.id())).get().extracting(Memory::content).isEqualTo("Ada plays the tuba");
  }

  @Test
  void import_whereAnotherStateExists_keepsIt() {
    Memory updated = fill();
    byte[] archive = export(ArchiveExporter.of(from));
    from.blocking().updateMemory(MemoryUpdate.content(updated.id(), "Ada plays the bassoon"));

    ImportReport report = ArchiveImporter.of(from).importFrom(new ByteArrayInputStream(archive));

    assertThat(report.different()).isEqualTo(1);
    assertThat(report.failures()).extracting(LineNotice::kind).containsExactly(LineNotice.Kind.DIFFERENT);
    assertThat(from.blocking().get(updated.id())).get().extracting(Memory::content)
        .isEqualTo("Ada plays the bassoon");
  }

  @Test
  void import_ofAnArchiveThatWasCutOff_isIncomplete() {
    fill();
    String archive = new String(export(ArchiveExporter.of(from)), StandardCharsets.UTF_8);

    ImportReport report = ArchiveImporter.of(to)
        .importFrom(input(archive.substring(0, archive.indexOf("{\"memories\""))));

    assertThat(report.restored()).isEqualTo(3);
    assertThat(report.whole()).isFalse();
    assertThat(report.ended()).isNull();
    assertThat(report.isComplete()).isFalse();
  }

  @Test
  void import_fromAStreamThatFails_saysWhy() {
    fill();
    byte[] archive = export(ArchiveExporter.of(from));
    InputStream input = new ByteArrayInputStream(archive) {
      @Override
      public int read(byte[] into) throws IOException {
        int count = super.read(into);
        if (count < 0) {
          throw new IOException("the disk is gone");
        }
        return count;
      }
    };

    ImportReport report = ArchiveImporter.of(to).importFrom(input);

    assertThat(report.ended()).contains("could not be read to its end", "the disk is gone");
    assertThat(report.read()).as("lines that were not sent").isZero();
    assertThat(report.isComplete()).isFalse();
  }

  @Test
  void stoppedImport_isResumedByTheNext() {
    fill();
    byte[] archive = export(ArchiveExporter.of(from));
    AtomicInteger polls = new AtomicInteger();

    ImportReport stopped = ArchiveImporter.builder(to).stopWhen(() -> polls.incrementAndGet() > 1).build()
        .importFrom(new ByteArrayInputStream(archive));
    ImportReport resumed = ArchiveImporter.of(to).importFrom(new ByteArrayInputStream(archive));

    assertThat(stopped.ended()).isEqualTo("stopped");
    assertThat(stopped.isComplete()).isFalse();
    assertThat(resumed.isComplete()).isTrue();
    assertThat(resumed.restored() + resumed.alreadyThere()).isEqualTo(3);
  }
}
