package dev.memlane.storage.opensearch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.IndexContents;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.MemoryWriter;
import dev.memlane.orchestrator.OrchestratorBuilder;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.TestServer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Orchestrators over one PostgreSQL and one OpenSearch: what the write protocol makes of the index. */
@Tag("programs")
class MemoryOnOpenSearchTest {

  private static final Scope ADA = Scope.user("ada");
  private static final String INDEX = "memory";
  private static final String VECTORS = EmbeddedText.CONTENT.vectors(new HashEmbedder().model());

  private final String jdbcUrl = TestServer.freshDatabase();

  @AfterEach
  void delete() {
    RawCluster.delete(INDEX);
  }

  @Test
  void writes_areFoundAtOnceInTheirProcess_andSoonInOthers() {
    try (MemoryOrchestrator one = builder().open(); MemoryOrchestrator other = builder().open()) {
      MemoryId oboe = stored(one.add(NewMemory.of("Ada plays the oboe", ADA)).join()).id();
      assertThat(finds(one, "oboe")).containsExactly(oboe);
      until("the other process finds it", () -> finds(other, "oboe").equals(List.of(oboe)));

      other.updateMemory(MemoryUpdate.content(oboe, "Ada plays the bassoon")).join();
      assertThat(finds(other, "bassoon")).containsExactly(oboe);
      until("the first process finds the new state only",
          () -> finds(one, "bassoon").equals(List.of(oboe)) && finds(one, "oboe").isEmpty());

      one.deleteMemory(MemoryDeletion.of(oboe).purgingHistory()).join();
      assertThat(finds(one, "bassoon")).isEmpty();
      assertThat(one.verify(false).join().isClean()).isTrue();
    }
  }

  @Test
  void writesOfThreeProcesses_agreeInAllStores() {
    List<NewMemory> facts = IntStream.range(0, 200).mapToObj(i -> NewMemory.builder("fact " + i, ADA).key("key " + i)
        .build()).toList();
    try (MemoryOrchestrator one = builder().open();
        MemoryOrchestrator other = builder().open();
        MemoryWriter writer = builder().openWriter()) {
      List<CompletableFuture<List<WriteOutcome>>> all = List.of(one.addMemories(facts), other.addMemories(facts),
          writer.addMemories(facts));
      List<MemoryId> ids = all.getFirst().join().stream().map(MemoryOnOpenSearchTest::idOf).toList();
      all.forEach(each -> assertThat(each.join()).allMatch(WriteOutcome::succeeded));
      List<CompletableFuture<?>> changes = new ArrayList<>();
      for (int i = 0; i < ids.size(); i++) {
        MemoryId id = ids.get(i);
        changes.add(one.updateMemory(MemoryUpdate.content(id, "changed by one")).handle((done, conflict) -> done));
        changes.add(i % 2 == 0
            ? other.updateMemory(MemoryUpdate.content(id, "changed by the other")).handle((done, conflict) -> done)
            : other.deleteMemory(MemoryDeletion.of(id)).handle((done, conflict) -> done));
      }
      changes.forEach(CompletableFuture::join);
      CompletableFuture.allOf(one.awaitSettled(), other.awaitSettled()).join();

      until("all stores agree", () -> one.verify(false).join().isClean());
    }
  }

  private IndexContents contents() {
    try (Database database = Database.builder(jdbcUrl).open()) {
      return new IndexContents(database.identity(), VECTORS, new HashEmbedder().dimension(), Locale.ENGLISH);
    }
  }

  @Test
  void keeper_mendsWhatProcessesLeftBehind() {
    try (MemoryOrchestrator keeper = builder().open();
        MemoryWriter withoutIndex = database().openWriter();
        OpenSearchIndex late = index().open(contents(), false)) {
      MemoryId oboe = stored(withoutIndex.add(NewMemory.of("Ada plays the oboe", ADA)).join()).id();
      until("it is put", () -> finds(keeper, "oboe").equals(List.of(oboe)));

      Memory bassoon = stored(keeper.add(NewMemory.of("Ada plays the bassoon", ADA)).join());
      keeper.deleteMemory(MemoryDeletion.of(bassoon.id())).join();
      assertThat(late.put(document(bassoon), Instant.now().plusSeconds(60)).join())
          .isInstanceOf(StoreResult.Applied.class);

      until("it is removed", () -> late.names(List.of(bassoon.id())).join().isEmpty());
      assertThat(keeper.verify(false).join().isClean()).isTrue();
    }
  }

  @Test
  void opening_afterTheIndexWasDeleted_buildsItAnew() {
    try (MemoryOrchestrator first = builder().open()) {
      first.addMemories(IntStream.range(0, 50).mapToObj(i -> NewMemory.of("fact " + i, ADA)).toList()).join();
    }
    RawCluster.delete(INDEX);

    try (MemoryOrchestrator second = builder().open()) {
      assertThat(second.statistics().join().index()).isNotNull();
      assertThat(second.verify(false).join().isClean()).isTrue();
      assertThat(finds(second, "fact")).hasSize(10);
    }
  }

  private OrchestratorBuilder builder() {
    return database().sharedIndex(index());
  }

  private OrchestratorBuilder database() {
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).poolSize(4)
        .followEvery(Duration.ofMillis(100)).embedder(new HashEmbedder());
  }

  private static OpenSearchIndexBuilder index() {
    return OpenSearchIndex.builder(RawCluster.shared()).index(INDEX).replicas(0);
  }

  private static IndexDocument document(Memory memory) {
    HashEmbedder embedder = new HashEmbedder();
    return new IndexDocument(memory,
        new Embedding(VECTORS, embedder.embed(List.of(memory.content())).join().getFirst()));
  }

  private static Memory stored(WriteOutcome outcome) {
    return ((WriteOutcome.Stored) outcome).memory();
  }

  private static MemoryId idOf(WriteOutcome outcome) {
    return outcome instanceof WriteOutcome.DuplicateOf duplicate ? duplicate.memory().id() : stored(outcome).id();
  }

  private static List<MemoryId> finds(MemoryOrchestrator memory, String word) {
    return memory.search(SearchRequest.builder(word).scope(ADA).mode(SearchRequest.Mode.LEXICAL).build()).join()
        .stream().map(hit -> hit.memory().id()).toList();
  }

  private static void until(String what, BooleanSupplier question) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!question.getAsBoolean()) {
      assertThat(System.nanoTime()).as("still not true: %s", what).isLessThan(end);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }
}
