package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.Embedding;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.VectorType;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several orchestrators over one database and one index (rule R17). */
@Tag("programs")
class SharedIndexTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path folder;

  private String jdbcUrl;
  private OneLuceneIndex index;

  @BeforeEach
  void create() {
    jdbcUrl = TestMemory.freshDatabase();
    index = new OneLuceneIndex(folder.resolve("index"));
  }

  @AfterEach
  void close() {
    index.close();
  }

  @Test
  void writes_areFoundByAllProcesses_andLeaveOneDocumentEach() {
    try (MemoryOrchestrator one = open(); MemoryOrchestrator other = open()) {
      MemoryId oboe = stored(one.add(NewMemory.of("Ada plays the oboe", ADA)).join()).id();
      assertThat(finds(other, "oboe")).containsExactly(oboe);

      other.updateMemory(MemoryUpdate.content(oboe, "Ada plays the bassoon")).join();
      assertThat(finds(one, "bassoon")).containsExactly(oboe);
      assertThat(finds(one, "oboe")).isEmpty();
      assertThat(index.store().summary().documents()).isEqualTo(1);

      one.deleteMemory(MemoryDeletion.of(oboe)).join();
      assertThat(finds(other, "bassoon")).isEmpty();
      assertThat(index.store().summary().documents()).isZero();
      assertThat(one.verify(false).join().isClean()).isTrue();
    }
  }

  @Test
  void updates_ofTwoProcessesAtOnce_loseNothing() {
    try (MemoryOrchestrator one = open(); MemoryOrchestrator other = open()) {
      List<MemoryId> ids = one.addMemories(memories(40)).join().stream().map(outcome -> stored(outcome).id()).toList();
      for (int round = 0; round < 5; round++) {
        String content = "round " + round;
        List<CompletableFuture<Memory>> updates = ids.stream()
            .flatMap(id -> List.of(one, other).stream()
                .map(memory -> memory.updateMemory(MemoryUpdate.content(id, content))))
            .toList();
        updates.forEach(update -> update.handle((done, conflict) -> done).join());
      }
      one.awaitSettled().join();
      other.awaitSettled().join();

      Until.isTrue("index and core agree", () -> one.verify(false).join().isClean());
      assertThat(index.store().summary().documents()).isEqualTo(40);
    }
  }

  @Test
  void writer_putsIntoTheSharedIndex() {
    try (MemoryOrchestrator reader = open(); MemoryWriter writer = builder().sharedIndex(index).openWriter()) {
      MemoryId oboe = stored(writer.add(NewMemory.of("Ada plays the oboe", ADA)).join()).id();

      assertThat(index.store().names(List.of(oboe)).join()).hasSize(1);
      assertThat(finds(reader, "oboe")).containsExactly(oboe);
    }
  }

  @Test
  void keeper_putsWhatAProcessHasStoredWithoutPuttingIt() {
    try (MemoryOrchestrator keeper = open(); MemoryWriter lost = builder().openWriter()) {
      MemoryId oboe = stored(lost.add(NewMemory.of("Ada plays the oboe", ADA)).join()).id();

      Until.isTrue("the keeper has put it", () -> finds(keeper, "oboe").equals(List.of(oboe)));
    }
  }

  @Test
  void keeper_removesWhatArrivesLate() {
    try (MemoryOrchestrator keeper = open()) {
      Memory oboe = stored(keeper.add(NewMemory.of("Ada plays the oboe", ADA)).join());
      Memory bassoon = keeper.updateMemory(MemoryUpdate.content(oboe.id(), "Ada plays the bassoon")).join();

      index.putLate(document(oboe));
      index.putLate(document(bassoon.madeBy(new OperationId(UUID.randomUUID()))));
      index.putLate(document(memoryOfNobody("Ada plays the horn")));

      Until.isTrue("only the present state is left", () -> index.store().names(null, 10).join()
          .equals(List.of(new DocumentName(oboe.id(), bassoon.op()))));
      assertThat(keeper.get(oboe.id()).join()).map(Memory::content).hasValue("Ada plays the bassoon");
      assertThat(keeper.verify(false).join().isClean()).isTrue();
    }
  }

  @Test
  void opening_comparesNothing_whileTheCheckpointCanBeReliedOn() {
    try (MemoryOrchestrator first = open()) {
      first.addMemories(memories(20)).join();
    }
    index.pagesOfAllNames.set(0);

    try (MemoryOrchestrator second = open()) {
      assertThat(index.pagesOfAllNames).hasValue(0);
      assertThat(finds(second, "fact")).hasSize(10);
    }
  }

  @Test
  void opening_afterTheIndexWasLost_buildsItAnew() {
    try (MemoryOrchestrator first = open()) {
      first.addMemories(memories(20)).join();
    }
    index.lose();

    try (MemoryOrchestrator second = open()) {
      assertThat(index.store().summary().documents()).isEqualTo(20);
      assertThat(second.verify(false).join().isClean()).isTrue();
    }
  }

  @Test
  void keeper_noticesThatTheIndexWasLost() {
    try (MemoryOrchestrator keeper = open()) {
      keeper.addMemories(memories(20)).join();
      index.lose();

      Until.isTrue("the index is whole again", () -> index.store().summary().documents() == 20);
    }
  }

  @Test
  void opening_onADatabaseThatWasRestored_comparesEverything() throws SQLException {
    Memory oboe;
    try (MemoryOrchestrator first = open()) {
      oboe = stored(first.add(NewMemory.of("Ada plays the oboe", ADA)).join());
      MemoryId horn = stored(first.add(NewMemory.of("Ada plays the horn", ADA)).join()).id();
      first.deleteMemory(MemoryDeletion.of(horn)).join();
    }
    // As in a backup from before: the proofs since then are not in it, and neither is what the index has seen.
    execute("delete from memlane.proof");
    execute("delete from memlane.history where memory_id = '" + oboe.id() + "'");
    execute("delete from memlane.memory where id = '" + oboe.id() + "'");

    try (MemoryOrchestrator second = open()) {
      assertThat(index.store().summary().documents()).isZero();
      assertThat(second.verify(false).join().isClean()).isTrue();
    }
  }

  @Test
  void rebuilding_makesTheIndexAnew() {
    try (MemoryOrchestrator first = open()) {
      first.addMemories(memories(20)).join();
    }
    index.putLate(document(memoryOfNobody("a leftover")));

    try (MemoryOrchestrator second = builder().sharedIndex(index).rebuildIndex(true).open()) {
      assertThat(index.store().summary().documents()).isEqualTo(20);
      assertThat(second.verify(false).join().isClean()).isTrue();
    }
  }

  @Test
  void erasing_leavesNoDocument_alsoOfAPutThatArrivesAfterwards() {
    try (MemoryOrchestrator one = open(); MemoryOrchestrator other = open()) {
      Memory oboe = stored(one.add(NewMemory.of("Ada plays the oboe", ADA)).join());
      other.deleteMemory(MemoryDeletion.of(oboe.id()).purgingHistory()).join();
      assertThat(index.store().summary().documents()).isZero();

      index.putLate(document(oboe));

      Until.isTrue("it is removed again", () -> index.store().summary().documents() == 0);
      Until.isTrue("it is purged from the files",
          () -> !index.store().holdsRemoved(List.of(oboe.id())).join());
    }
  }

  @Test
  void keeper_followsMoreThanABatch() {
    try (MemoryOrchestrator keeper = open(); MemoryWriter lost = builder().openWriter()) {
      lost.addMemories(memories(5_100)).join();

      Until.isTrue("the keeper has put all", () -> index.store().summary().documents() == 5_100);
      assertThat(keeper.verify(false).join().isClean()).isTrue();
    }
  }

  @Test
  void openings_atOnce_buildTheIndexOnce() {
    try (MemoryWriter before = builder().openWriter()) {
      before.addMemories(memories(300)).join();
    }

    List<CompletableFuture<MemoryOrchestrator>> opening = IntStream.range(0, 3)
        .mapToObj(i -> CompletableFuture.supplyAsync(this::open)).toList();
    List<MemoryOrchestrator> opened = opening.stream().map(CompletableFuture::join).toList();
    try {
      assertThat(index.store().summary().documents()).isEqualTo(300);
      assertThat(index.pagesOfAllNames).hasValue(1);
    } finally {
      opened.forEach(MemoryOrchestrator::close);
    }
  }

  @Test
  void open_withADirectoryToo_isRefused() {
    assertThatThrownBy(() -> builder().sharedIndex(index).indexDirectory(folder.resolve("own")).open())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("leave one of them out");
  }

  @Test
  void open_withATypeOfVectorsForADirectory_isRefused() {
    assertThatThrownBy(() -> builder().sharedIndex(index).indexVectors(VectorType.BYTE).open())
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("leave it out");
  }

  private MemoryOrchestrator open() {
    return builder().sharedIndex(index).open();
  }

  private OrchestratorBuilder builder() {
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).poolSize(4)
        .followEvery(Duration.ofMillis(20)).embedder(new HashEmbedder());
  }

  private void execute(String statement) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl); Statement sql = connection.createStatement()) {
      sql.execute(statement);
    }
  }

  /** A state that core has never held. */
  private static Memory memoryOfNobody(String content) {
    return new Memory(new MemoryId(UUID.randomUUID()), ADA, null, null, content, Metadata.empty(), null, Instant.EPOCH,
        Instant.EPOCH, null, 1, new OperationId(UUID.randomUUID()));
  }

  private static IndexDocument document(Memory memory) {
    HashEmbedder embedder = new HashEmbedder();
    return new IndexDocument(memory,
        new Embedding(embedder.model(), embedder.embed(List.of(memory.content())).join().getFirst()));
  }

  private static List<NewMemory> memories(int count) {
    return IntStream.range(0, count).mapToObj(i -> NewMemory.of("fact " + i, ADA)).toList();
  }

  private static Memory stored(WriteOutcome outcome) {
    return ((WriteOutcome.Stored) outcome).memory();
  }

  private static List<MemoryId> finds(MemoryOrchestrator memory, String word) {
    return memory.search(SearchRequest.builder(word).scope(ADA).mode(SearchRequest.Mode.LEXICAL).build()).join()
        .stream().map(hit -> hit.memory().id()).toList();
  }
}
