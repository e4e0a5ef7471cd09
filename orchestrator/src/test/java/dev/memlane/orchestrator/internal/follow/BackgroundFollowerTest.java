package dev.memlane.orchestrator.internal.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.TestMemory;
import dev.memlane.orchestrator.Unindexed;
import dev.memlane.orchestrator.Until;
import dev.memlane.orchestrator.VerifyReport;
import dev.memlane.orchestrator.VerifyReport.Inconsistency;
import dev.memlane.orchestrator.internal.Futures;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memories that the index can't follow for reasons of their own, and those that are not their own. */
@Tag("programs")
class BackgroundFollowerTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path folder;

  private String jdbcUrl;

  @BeforeEach
  void createDatabase() {
    jdbcUrl = TestMemory.freshDatabase();
  }

  @Test
  void opening_withATextThatTheEmbedderRefuses_servesTheOthersAndListsIt() throws SQLException {
    List<Memory> memories = storeWithoutVectors("Ada plays the oboe", "Ada plays the lute", "Ada plays the drum");
    MemoryId lute = memories.get(1).id();
    TestMemory.CountingEmbedder embedder = new TestMemory.CountingEmbedder();
    embedder.failingOn = text -> text.contains("lute");

    try (MemoryOrchestrator memory = open(embedder)) {
      assertThat(memory.blocking().search(SearchRequest.of("oboe drum", ADA))).extracting(hit -> hit.memory().id())
          .containsExactlyInAnyOrder(memories.get(0).id(), memories.get(2).id());
      assertThat(memory.blocking().statistics().unindexed())
          .containsExactly(new Unindexed(lute, "the embedder has no power"));
      assertThat(memory.blocking().verify(true).inconsistencies()).containsExactly(new Inconsistency(lute,
          "core holds it and the index does not: it cannot be repaired yet, because the embedder has no power"));

      embedder.failingOn = text -> false;
      Futures.await(memory.awaitSettled());
      assertThat(memory.blocking().statistics().unindexed()).isEmpty();
      assertThat(finds(memory, "lute", lute)).isTrue();
      assertThat(memory.blocking().verify(false)).isEqualTo(new VerifyReport(3, 3, 3, List.of(), 0));
    }
  }

  @Test
  void opening_withAnEmbedderThatRefusesEverything_fails() throws SQLException {
    storeWithoutVectors("Ada plays the oboe", "Ada plays the lute");
    TestMemory.CountingEmbedder embedder = new TestMemory.CountingEmbedder();
    embedder.failing.set(true);

    assertThatThrownBy(() -> open(embedder).close()).isInstanceOf(StoreException.class)
        .hasMessage("the index has none of the memories: the embedder has no power");

    embedder.failing.set(false);
    try (MemoryOrchestrator memory = open(embedder)) {
      assertThat(memory.blocking().verify(false)).isEqualTo(new VerifyReport(2, 2, 2, List.of(), 0));
    }
  }

  @Test
  void opening_withMoreRefusedTextsThanCanBeTheirOwnFault_fails() throws SQLException {
    storeWithoutVectors(IntStream.range(0, 150).mapToObj(i -> i == 0 ? "whole" : "broken " + i).toArray(String[]::new));
    TestMemory.CountingEmbedder embedder = new TestMemory.CountingEmbedder();
    embedder.failingOn = text -> text.contains("broken");

    assertThatThrownBy(() -> open(embedder).close()).isInstanceOf(StoreException.class)
        .hasMessage("more than 100 memories could not be put into the index: the embedder has no power");
  }

  @Test
  void document_thatTheIndexRefuses_holdsUpNoOther() {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder.resolve("index"))) {
      MemoryId oboe = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA)).id();
      MemoryId lute = test.blocking.addMemory(NewMemory.of("Ada plays the lute", ADA)).id();
      Futures.await(test.index.store().clear());
      refuse(test, lute);

      assertThat(test.blocking.verify(true).inconsistencies()).extracting(Inconsistency::memory).containsExactly(lute);
      assertThat(finds(test.memory, "oboe", oboe)).isTrue();
      assertThat(test.blocking.statistics().unindexed()).extracting(Unindexed::memory).containsExactly(lute);

      test.heal();
      Futures.await(test.memory.awaitSettled());
      assertThat(test.blocking.verify(false)).isEqualTo(new VerifyReport(2, 2, 2, List.of(), 0));
    }
  }

  @Test
  void document_fromElsewhereThatTheIndexRefuses_holdsUpNoOther() {
    try (TestMemory one = TestMemory.following(jdbcUrl, folder.resolve("one"));
        TestMemory other = TestMemory.following(jdbcUrl, folder.resolve("other"))) {
      MemoryId lute = MemoryId.derive(ADA, "lute");
      refuse(other, lute);
      one.blocking.addMemory(NewMemory.builder("Ada plays the lute", ADA).key("lute").build());
      Until.isTrue("the other has tried", () -> !other.blocking.statistics().unindexed().isEmpty());
      MemoryId oboe = one.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA)).id();

      Until.isTrue("the other finds the later memory", () -> finds(other.memory, "oboe", oboe));
      assertThat(other.blocking.statistics().unindexed()).extracting(Unindexed::memory).containsExactly(lute);

      other.heal();
      Until.isTrue("the other finds it at last", () -> finds(other.memory, "lute", lute));
      assertThat(other.blocking.verify(false)).isEqualTo(new VerifyReport(2, 2, 2, List.of(), 0));
    }
  }

  @Test
  void closing_whileOneCanNotBeFollowed_tellsWhoWaits() {
    CompletableFuture<Void> settled;
    try (TestMemory test = TestMemory.open(jdbcUrl, folder.resolve("index"))) {
      MemoryId lute = test.blocking.addMemory(NewMemory.of("Ada plays the lute", ADA)).id();
      test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
      Futures.await(test.index.store().clear());
      refuse(test, lute);
      assertThat(test.blocking.verify(true).isClean()).isFalse();
      settled = test.memory.awaitSettled();
      assertThat(settled).isNotDone();
    }
    assertThatThrownBy(() -> Futures.await(settled)).isInstanceOf(StoreException.class)
        .hasMessageContaining("the next opening compares it");
  }

  private static void refuse(TestMemory test, MemoryId memory) {
    test.index.concerning(
        arguments -> arguments[0] instanceof IndexDocument document && document.memory().id().equals(memory));
    test.index.refusing("put");
  }

  private static boolean finds(MemoryOrchestrator memory, String query, MemoryId wanted) {
    return memory.blocking().search(SearchRequest.of(query, ADA)).stream()
        .anyMatch(hit -> hit.memory().id().equals(wanted));
  }

  /** Stores memories as another model's process would: core has no vectors of theirs by this model. */
  private List<Memory> storeWithoutVectors(String... contents) throws SQLException {
    List<Memory> memories;
    try (TestMemory test = TestMemory.open(jdbcUrl, folder.resolve("first"))) {
      memories = List.of(contents).stream().map(content -> test.blocking.addMemory(NewMemory.of(content, ADA)))
          .toList();
    }
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement()) {
      assertThat(statement.executeUpdate("delete from memlane.memory_vector")).isEqualTo(contents.length);
    }
    return memories;
  }

  private MemoryOrchestrator open(TestMemory.CountingEmbedder embedder) {
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).indexDirectory(folder.resolve("second"))
        .embedder(embedder).followEvery(Duration.ZERO).open();
  }
}
