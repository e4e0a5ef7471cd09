package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that only write, beside processes that have an index and follow them. */
@Tag("programs")
class MemoryWriterTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path folder;

  private String jdbcUrl;

  @BeforeEach
  void createDatabase() {
    jdbcUrl = TestMemory.freshDatabase();
  }

  @Test
  void writes_areFollowedByAProcessThatHasAnIndex_withoutEmbeddingAgain() {
    try (TestMemory reader = TestMemory.following(jdbcUrl, folder.resolve("reader")); MemoryWriter writer = writer()) {
      MemoryId oboe = stored(writer.add(NewMemory.of("Ada plays the oboe", ADA)).join()).id();
      Until.isTrue("the reader finds it", () -> finds(reader, "oboe", oboe));

      writer.updateMemory(MemoryUpdate.content(oboe, "Ada plays the bassoon")).join();
      Until.isTrue("the reader finds the new content", () -> finds(reader, "bassoon", oboe));
      assertThat(finds(reader, "oboe", oboe)).isFalse();

      writer.deleteMemory(MemoryDeletion.of(oboe)).join();
      Until.isTrue("the reader's index has no document", () -> reader.index.store().summary().documents() == 0);
      assertThat(reader.embedder.texts.get()).as("texts that the reader embedded").isZero();
      assertThat(reader.blocking.verify(false).isClean()).isTrue();
    }
  }

  @Test
  void writes_whileNoProcessHasAnIndex_areFoundByTheNextOneThatOpens() {
    List<WriteOutcome> outcomes;
    try (MemoryWriter writer = writer()) {
      outcomes = writer.addMemories(memories(300)).join();
    }

    TestMemory.CountingEmbedder embedder = new TestMemory.CountingEmbedder();
    try (MemoryOrchestrator reader = builder().embedder(embedder).indexDirectory(folder.resolve("reader")).open()) {
      VerifyReport found = reader.verify(false).join();
      assertThat(outcomes).allMatch(WriteOutcome::succeeded);
      assertThat(found.isClean()).isTrue();
      assertThat(found.vector()).isEqualTo(300);
      assertThat(embedder.texts.get()).as("texts that the reader embedded").isZero();
    }
  }

  @Test
  void keys_makeRepetitionsByOtherWritersSafe() {
    List<NewMemory> keyed = IntStream.range(0, 200)
        .mapToObj(i -> NewMemory.builder("fact " + i, ADA).key("key " + i).build()).toList();
    try (MemoryWriter one = writer(); MemoryWriter other = writer()) {
      CompletableFuture<List<WriteOutcome>> ones = one.addMemories(keyed);
      CompletableFuture<List<WriteOutcome>> others = other.addMemories(keyed);

      Set<MemoryId> ids = new HashSet<>();
      List<WriteOutcome> all = new ArrayList<>(ones.join());
      all.addAll(others.join());
      all.forEach(outcome -> ids.add(idOf(outcome)));
      assertThat(ids).hasSize(200);
      assertThat(all.stream().filter(WriteOutcome.Stored.class::isInstance)).hasSize(200);
    }
  }

  @Test
  void status_namesOnlyWhatAWriterDoes() {
    try (MemoryWriter writer = writer()) {
      MemoryStatus status = writer.status().join();

      assertThat(status.background()).extracting(BackgroundWork::name)
          .containsExactly("settling writes whose outcome is unknown");
      assertThat(status.followerLag()).isNull();
    }
  }

  @Test
  void deletion_thatPurges_isRefused() {
    try (MemoryWriter writer = writer()) {
      MemoryId id = stored(writer.add(NewMemory.of("Ada plays the oboe", ADA)).join()).id();

      assertThatThrownBy(() -> writer.deleteMemory(MemoryDeletion.of(id).purgingHistory()))
          .isInstanceOf(InvalidInputException.class).hasMessageContaining("has no index");
      assertThatThrownBy(() -> writer.deleteMemories(List.of(MemoryDeletion.of(id).purgingHistory())))
          .isInstanceOf(InvalidInputException.class);
      assertThat(writer.deleteMemory(MemoryDeletion.of(id)).join().id()).isEqualTo(id);
    }
  }

  @Test
  void openWriter_withAnIndexDirectory_isRefused() {
    assertThatThrownBy(() -> builder().indexDirectory(folder).openWriter()).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("indexDirectory");
  }

  @Test
  void close_refusesLaterWrites_andCanBeRepeated() {
    MemoryWriter writer = writer();
    CompletableFuture<WriteOutcome> before = writer.add(NewMemory.of("Ada plays the oboe", ADA));
    writer.close();
    writer.close();

    assertThat(before).isCompletedWithValueMatching(WriteOutcome::succeeded);
    assertThat(writer.add(NewMemory.of("Ada plays the flute", ADA)).join().succeeded()).isFalse();
  }

  @Test
  void settings_canBeSentToOtherProcesses_andShowNoSecret() throws Exception {
    WriterSettings settings = WriterSettings.of(jdbcUrl, HashEmbedder::new).withConnections(5);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream output = new ObjectOutputStream(bytes)) {
      output.writeObject(settings);
    }
    WriterSettings received;
    try (ObjectInputStream input = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      received = (WriterSettings) input.readObject();
    }

    try (MemoryWriter writer = received.open()) {
      assertThat(writer.add(NewMemory.of("Ada plays the oboe", ADA)).join().succeeded()).isTrue();
    }
    assertThat(received.withCredentials("ada", "secret").withSchema("agents")).hasToString(
        "WriterSettings[agents, 5 connections, PT10S]");
    assertThatThrownBy(() -> settings.withConnections(3)).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("at least 4");
    assertThatThrownBy(() -> settings.withWriteDeadline(Duration.ZERO)).isInstanceOf(InvalidInputException.class);
  }

  @Test
  void settings_ofADatabaseThatIsNotThere_closeTheEmbedder() {
    CountedEmbedder embedder = new CountedEmbedder();
    WriterSettings settings = WriterSettings.of("jdbc:postgresql://127.0.0.1:1/none", () -> embedder)
        .withCredentials("ada", "secret");

    assertThatThrownBy(settings::open).isInstanceOf(MemlaneException.class).hasMessageNotContaining("secret");
    assertThat(embedder.closed).hasValue(1);
  }

  private MemoryWriter writer() {
    return builder().openWriter();
  }

  private OrchestratorBuilder builder() {
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).poolSize(4)
        .embedder(new TestMemory.CountingEmbedder());
  }

  private static List<NewMemory> memories(int count) {
    return IntStream.range(0, count).mapToObj(i -> NewMemory.of("fact " + i, ADA)).toList();
  }

  private static Memory stored(WriteOutcome outcome) {
    return ((WriteOutcome.Stored) outcome).memory();
  }

  private static MemoryId idOf(WriteOutcome outcome) {
    return outcome instanceof WriteOutcome.DuplicateOf duplicate ? duplicate.memory().id() : stored(outcome).id();
  }

  private static boolean finds(TestMemory memory, String word, MemoryId id) {
    return memory.blocking.search(SearchRequest.builder(word).scope(ADA).mode(SearchRequest.Mode.LEXICAL).build())
        .stream().anyMatch(hit -> hit.memory().id().equals(id));
  }
}
