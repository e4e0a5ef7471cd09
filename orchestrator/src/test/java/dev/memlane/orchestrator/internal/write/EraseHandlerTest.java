package dev.memlane.orchestrator.internal.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.memlane.model.Filter;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.MemoryWriteException;
import dev.memlane.model.Metadata;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.WriteOutcome;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.SearchHit;
import dev.memlane.orchestrator.SearchRequest;
import dev.memlane.orchestrator.TestMemory;
import dev.memlane.orchestrator.Until;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.testing.Traces;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** After an erasure no store of any process holds the content, neither the tables nor the bytes of the files. */
@Tag("programs")
class EraseHandlerTest {

  /** Of letters that no stemming changes, and found in nothing else. */
  private static final DeleteReport NOTHING = new DeleteReport(0, 0, 0, List.of(), 0);
  private static final String MARKER = "zqxwvjk";
  private static final Scope ADA = Scope.user("ada");
  private static final Scope BOB = Scope.user("bob");
  private static final NewMemory MARKED = NewMemory.builder(MARKER + " plays the oboe", ADA).key(MARKER + " key")
      .actor(MARKER).metadata(Metadata.of("topic", MARKER)).build();

  @TempDir
  private Path folder;

  private String jdbcUrl;

  @BeforeEach
  void begin() {
    jdbcUrl = TestMemory.freshDatabase();
  }

  /** One of several processes, with a cache in front of its embedder. */
  private final class Member implements AutoCloseable {
    final Path directory;
    final TestMemory.CountingEmbedder embedder = new TestMemory.CountingEmbedder();
    final MemoryOrchestrator orchestrator;
    final BlockingMemory memory;

    Member(String name) {
      directory = folder.resolve(name);
      orchestrator = MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).indexDirectory(directory)
          .embedder(embedder).followEvery(Duration.ofMillis(20)).indexCommitInterval(Duration.ofMillis(50)).open();
      memory = orchestrator.blocking();
    }

    List<Path> filesWithMarker() {
      return Traces.inFiles(directory, MARKER);
    }

    /** How many texts it embeds for a search. */
    int embedsFor(String query) {
      int before = embedder.texts.get();
      List<SearchHit> unused = memory.search(SearchRequest.of(query, BOB));
      return embedder.texts.get() - before;
    }

    @Override
    public void close() {
      orchestrator.close();
    }
  }

  private List<String> rowsWithMarker() throws SQLException {
    return Traces.inTables(jdbcUrl, MARKER);
  }

  /** Marked everywhere: updated twice, one deleted before, one expired; and one that is not to be erased. */
  private Memory fill(Member process) {
    BlockingMemory memory = process.memory;
    Memory marked = memory.addMemory(MARKED);
    memory.updateMemory(MemoryUpdate.content(marked.id(), MARKER + " plays the lute").by(MARKER));
    memory.updateMemory(MemoryUpdate.content(marked.id(), "plays the " + MARKER));
    Memory deleted = memory.addMemory(NewMemory.of("the late " + MARKER, ADA.withRun("7")));
    memory.deleteMemory(MemoryDeletion.of(deleted.id()).by(MARKER));
    memory.addMemory(NewMemory.builder("the former " + MARKER, ADA).expiresAt(Instant.parse("2020-01-01T00:00:00Z"))
        .build());
    return memory.addMemory(NewMemory.of("Bob plays the flute", BOB));
  }

  @Test
  void eraseAll_leavesTheContentInNoTableNoFileAndNoCache_ofNoProcess() throws SQLException {
    try (Member one = new Member("one"); Member other = new Member("other")) {
      Memory kept = fill(one);
      Until.isTrue("it is in the files of the one", () -> !one.filesWithMarker().isEmpty());
      Until.isTrue("it is in the files of the other", () -> !other.filesWithMarker().isEmpty());
      assertThat(rowsWithMarker()).isNotEmpty();
      assertThat(one.embedsFor(MARKER) + other.embedsFor(MARKER)).isEqualTo(2);
      assertThat(one.embedsFor(MARKER) + other.embedsFor(MARKER)).as("from the caches").isZero();

      DeleteReport report = one.memory.deleteAll(ADA, null, true);

      assertThat(report).isEqualTo(new DeleteReport(2, 3, 0, List.of(), 0));
      assertThat(rowsWithMarker()).isEmpty();
      assertThat(one.filesWithMarker()).isEmpty();
      Until.isTrue("the other has followed", () -> other.filesWithMarker().isEmpty());
      assertThat(one.embedsFor(MARKER)).as("not cached any more").isEqualTo(1);
      assertThat(other.embedsFor(MARKER)).as("nor there").isEqualTo(1);
      assertThat(one.memory.get(kept.id())).contains(kept);
      assertThat(one.memory.history(kept.id())).hasSize(1);
      assertThat(one.memory.verify(false).isClean()).isTrue();
      assertThat(other.memory.verify(false).isClean()).isTrue();
      assertThat(one.memory.deleteAll(ADA, null, true)).as("again").isEqualTo(NOTHING);
    }
  }

  @Test
  void eraseAll_whileAnotherProcessIsDown_isFollowedWhenItOpens() {
    try (Member one = new Member("one")) {
      Memory unused = fill(one);
      List<WriteOutcome> kept = one.memory.addMemories(
          IntStream.range(0, 50).mapToObj(i -> NewMemory.of("Bob's song number " + i, BOB)).toList());
      assertThat(kept).allMatch(WriteOutcome::succeeded);
      // Its opening puts all together, so that the files of what is erased hold others as well.
      Member other = new Member("other");
      other.close();
      assertThat(other.filesWithMarker()).isNotEmpty();

      assertThat(one.memory.deleteAll(ADA, null, true).purged()).isEqualTo(3);

      try (Member again = new Member("other")) {
        Until.isTrue("its files have let go", () -> again.filesWithMarker().isEmpty());
      }
    }
  }

  @Test
  void erasedMemory_isRememberedByItsKeyAndTheTimeAlone() {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder.resolve("index"))) {
      Memory added = test.blocking.addMemory(MARKED);

      WriteOutcome.Deleted deleted = test.blocking.deleteMemory(MemoryDeletion.of(added.id()).by(MARKER)
          .purgingHistory());

      HistoryEntry erased = test.blocking.history(added.id()).getFirst();
      assertThat(test.blocking.history(added.id())).containsExactly(new HistoryEntry(added.id(), deleted.op(), 2,
          HistoryEntry.Kind.ERASE, null, null, null, null, null, erased.at()));
      assertThat(test.blocking.addMemories(List.of(MARKED)).getFirst()).isInstanceOf(WriteOutcome.WasDeleted.class);
      assertThat(test.blocking.hasLanded(added.id(), deleted.op())).isTrue();
    }
  }

  @Test
  void deleteMemory_purging_takesAlongWhatWasDeletedBefore_unlessAStateIsExpected() throws SQLException {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder.resolve("index"))) {
      Memory added = test.blocking.addMemory(MARKED);
      test.blocking.deleteMemory(MemoryDeletion.of(added.id()));

      MemoryWriteException refused = catchThrowableOfType(MemoryWriteException.class, () -> test.blocking
          .deleteMemory(MemoryDeletion.of(added.id()).expecting(added.op()).purgingHistory()));
      assertThat(refused.outcome()).isInstanceOf(WriteOutcome.WasDeleted.class);
      assertThat(rowsWithMarker()).isNotEmpty();
      test.blocking.deleteMemory(MemoryDeletion.of(added.id()).purgingHistory());

      assertThat(rowsWithMarker()).isEmpty();
      MemoryWriteException unknown = catchThrowableOfType(MemoryWriteException.class, () -> test.blocking
          .deleteMemory(MemoryDeletion.of(MemoryId.derive(ADA, "unknown")).purgingHistory()));
      assertThat(unknown.outcome()).isInstanceOf(WriteOutcome.NotFound.class);
    }
  }

  @Test
  void eraseAll_withAFilter_leavesTheOthersAndWhatWasDeletedBefore() {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder.resolve("index"))) {
      Memory matching = test.blocking.addMemory(MARKED);
      Memory other = test.blocking.addMemory(NewMemory.of("other", ADA));
      Memory before = test.blocking.addMemory(NewMemory.of("before", ADA));
      test.blocking.deleteMemory(MemoryDeletion.of(before.id()));

      DeleteReport report = test.blocking.deleteAll(ADA, Filter.equal("topic", MARKER), true);

      assertThat(report).isEqualTo(new DeleteReport(1, 1, 0, List.of(), 0));
      assertThat(test.blocking.history(matching.id())).hasSize(1);
      assertThat(test.blocking.get(other.id())).isPresent();
      assertThat(test.blocking.history(before.id())).hasSize(2);
    }
  }

  @Test
  void rolledBackAdd_leavesNoKeyInCore() throws SQLException {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder.resolve("index"))) {
      test.index.refusingAfter("put", test.core.nextAnswer("write"));

      assertThat(test.blocking.addMemories(List.of(MARKED)).getFirst()).isInstanceOf(WriteOutcome.RolledBack.class);

      assertThat(rowsWithMarker()).isEmpty();
    }
  }

  @Test
  void deleteMemory_whosePurgeFails_saysThatItIsDeletedAndToEraseAgain() {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder.resolve("index"))) {
      Memory added = test.blocking.addMemory(MARKED);
      test.core.refusing("purge");

      MemoryWriteException failure = catchThrowableOfType(MemoryWriteException.class,
          () -> test.blocking.deleteMemory(MemoryDeletion.of(added.id()).purgingHistory()));

      assertThat(failure.outcome()).isInstanceOf(WriteOutcome.Unpurged.class);
      assertThat(failure).hasMessageContaining("is deleted").hasMessageContaining("erase it again");
      assertThat(test.blocking.get(added.id())).isEmpty();
    }
  }

  @Test
  void eraseWhoseRemovalFails_leavesNoDocumentOfAStateThatItsProcessHadNotFollowed() {
    try (TestMemory one = TestMemory.open(jdbcUrl, folder.resolve("one"))) {
      Memory memory = one.blocking.addMemory(MARKED);
      try (TestMemory other = TestMemory.open(jdbcUrl, folder.resolve("other"))) {
        one.blocking.updateMemory(MemoryUpdate.content(memory.id(), "again the " + MARKER));
        other.index.throwing("removeAll");

        assertThat(other.memory.deleteMemory(MemoryDeletion.of(memory.id()).purgingHistory()))
            .failsWithin(Duration.ofMinutes(1)).withThrowableThat().withCauseInstanceOf(MemoryWriteException.class);
        assertThat(other.index.store().summary().documents()).isEqualTo(1);
        other.heal();

        Until.isTrue("the document is removed", () -> other.index.store().summary().documents() == 0);
      }
    }
  }

  @Test
  void crash_betweenDeleteAndPurge_isResumedByTheNextCall() throws SQLException {
    TestMemory killed = TestMemory.open(jdbcUrl, folder.resolve("killed"));
    killed.blocking.addMemory(MARKED);
    killed.blocking.addMemory(NewMemory.of("another " + MARKER, ADA));
    killed.core.refusing("purge");

    DeleteReport stopped = killed.blocking.deleteAll(ADA, null, true);

    assertThat(stopped.deleted()).isEqualTo(2);
    assertThat(stopped.purged()).isZero();
    assertThat(stopped.failed()).isEqualTo(2);
    assertThat(stopped.failures().getFirst().describe()).contains("erase it again");
    assertThat(rowsWithMarker()).isNotEmpty();
    killed.close();

    try (TestMemory test = TestMemory.open(jdbcUrl, folder.resolve("another"))) {
      assertThat(test.blocking.deleteAll(ADA, null, true)).isEqualTo(new DeleteReport(0, 2, 0, List.of(), 0));
      assertThat(rowsWithMarker()).isEmpty();
      assertThat(test.blocking.verify(false).isClean()).isTrue();
    }
  }

  @Test
  void purgeWhoseAnswerIsLost_isDoneAgain() throws SQLException {
    try (TestMemory test = TestMemory.open(jdbcUrl, folder.resolve("index"))) {
      test.blocking.addMemory(MARKED);
      test.core.losingNextAnswer("purge");

      assertThat(test.blocking.deleteAll(ADA, null, true)).isEqualTo(new DeleteReport(1, 1, 0, List.of(), 0));

      assertThat(test.core.calls("purge")).isEqualTo(2);
      assertThat(rowsWithMarker()).isEmpty();
      assertThat(test.blocking.verify(false).isClean()).isTrue();
    }
  }

  @Test
  void indexThatCanNotLetGo_failsTheErasing_andTheNextCallMakesItGood() {
    Path directory = folder.resolve("index");
    try (TestMemory test = TestMemory.open(jdbcUrl, directory)) {
      test.blocking.addMemory(MARKED);
      Futures.await(test.index.store().commit());
      assertThat(Traces.inFiles(directory, MARKER)).isNotEmpty();
      test.index.throwing("expunge");

      StoreException failure = catchThrowableOfType(StoreException.class,
          () -> test.blocking.deleteAll(ADA, null, true));

      assertThat(failure).hasMessageContaining("erase again");
      test.heal();
      assertThat(test.blocking.deleteAll(ADA, null, true)).isEqualTo(NOTHING);
      assertThat(Traces.inFiles(directory, MARKER)).isEmpty();
    }
  }

  @Test
  void updateUnderWayInAnotherProcess_bringsNothingBack() throws Exception {
    Path directory = folder.resolve("other");
    try (TestMemory one = TestMemory.following(jdbcUrl, folder.resolve("one"));
        TestMemory other = TestMemory.following(jdbcUrl, directory)) {
      Memory memory = one.blocking.addMemory(MARKED);
      Until.isTrue("the other has it", () -> other.index.store().summary().documents() == 1);
      CompletableFuture<String> end = new CompletableFuture<>();
      other.core.holding("write", end);
      CompletableFuture<?> put = other.index.nextAnswer("put");
      CompletableFuture<Memory> update = other.memory
          .updateMemory(MemoryUpdate.content(memory.id(), "again the " + MARKER));
      put.join();
      Futures.await(other.index.store().commit());

      assertThat(one.blocking.deleteAll(ADA, null, true)).isEqualTo(new DeleteReport(1, 1, 0, List.of(), 0));
      end.complete("now");

      MemoryWriteException failure = catchThrowableOfType(MemoryWriteException.class, () -> Futures.await(update));
      assertThat(failure.outcome()).isInstanceOf(WriteOutcome.WasDeleted.class);
      Until.isTrue("the files of the other have let go", () -> Traces.inFiles(directory, MARKER).isEmpty());
      assertThat(rowsWithMarker()).isEmpty();
      Until.isTrue("the other agrees", () -> other.blocking.verify(false).isClean());
    }
  }
}
