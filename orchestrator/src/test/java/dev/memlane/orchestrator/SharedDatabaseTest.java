package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.MemoryUpdate;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.orchestrator.internal.Futures;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several memories on one database, each with an index of its own, as several processes have them. */
@Tag("programs")
class SharedDatabaseTest {

  private static final Scope ADA = Scope.user("ada");

  @TempDir
  private Path folder;

  private String jdbcUrl;
  private TestMemory one;
  private TestMemory other;

  @BeforeEach
  void open() {
    jdbcUrl = TestMemory.freshDatabase();
    one = TestMemory.following(jdbcUrl, folder.resolve("one"));
    other = TestMemory.following(jdbcUrl, folder.resolve("other"));
  }

  @AfterEach
  void close() {
    one.close();
    other.close();
  }

  @Test
  void add_elsewhere_isFoundHere() {
    Memory memory = one.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));

    Until.isTrue("the other finds it", () -> finds(other, "oboe", memory.id()));
    assertThat(other.embedder.texts.get()).as("only the queries are embedded").isZero();
  }

  @Test
  void update_elsewhere_isFoundHereByItsNewContent() {
    Memory memory = one.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    Until.isTrue("the other finds it", () -> finds(other, "oboe", memory.id()));

    one.blocking.updateMemory(MemoryUpdate.content(memory.id(), "Ada plays the bassoon"));

    Until.isTrue("the other finds the new content", () -> finds(other, "bassoon", memory.id()));
    assertThat(finds(other, "oboe", memory.id())).isFalse();
  }

  @Test
  void delete_elsewhere_removesTheDocumentHere() {
    Memory memory = one.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    Until.isTrue("the other finds it", () -> finds(other, "oboe", memory.id()));

    one.blocking.deleteMemory(MemoryDeletion.of(memory.id()));

    Until.isTrue("the other's index has let it go", () -> other.index.store().summary().documents() == 0);
  }

  @Test
  void undone_elsewhere_isLetGoHere() {
    Memory memory = one.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    one.index.refusing("put");
    WriteOutcome outcome = one.blocking.addMemories(List.of(NewMemory.of("Ada plays the flute", ADA))).getFirst();
    assertThat(outcome).isInstanceOf(WriteOutcome.RolledBack.class);
    one.heal();

    Until.isTrue("the other finds what stands", () -> finds(other, "oboe", memory.id()));
    Until.isTrue("and no more", () -> other.blocking.verify(false).isClean());
  }

  @Test
  void brokenConnection_ofTheFollower_comparesAndGoesOn() throws SQLException {
    Memory before = one.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    Until.isTrue("the other finds it", () -> finds(other, "oboe", before.id()));
    int feeds = other.history.calls("follow");

    breakAllOtherConnections();

    Memory after = addUntilStored("Ada plays the bassoon");
    Until.isTrue("the other finds the later memory", () -> finds(other, "bassoon", after.id()));
    assertThat(other.history.calls("follow")).isGreaterThan(feeds);
  }

  @Test
  void logThatThrows_doesNotEndTheFollowing() throws SQLException {
    other.history.throwing("follow");
    int feeds = other.history.calls("follow");
    breakAllOtherConnections();
    Until.isTrue("the other has tried", () -> other.history.calls("follow") > feeds);
    Until.isTrue("the other reports it", () -> other.blocking.statistics().background().stream()
        .anyMatch(work -> work.isFailing() && "an injected fault of follow".equals(work.lastProblem())));

    other.heal();
    Memory after = addUntilStored("Ada plays the bassoon");
    Until.isTrue("the other finds the later memory", () -> finds(other, "bassoon", after.id()));
    Until.isTrue("the other reports it", () -> other.blocking.statistics().background().stream()
        .noneMatch(BackgroundWork::isFailing));
  }

  @Test
  void brokenFeed_staysBroken() throws SQLException {
    try (ChangeFeed feed = Futures.await(one.history.store().follow())) {
      assertThat(Futures.await(feed.poll()).memories()).isEmpty();
      breakAllOtherConnections();
      assertThat(feed.poll()).failsWithin(java.time.Duration.ofSeconds(30));
      assertThat(feed.poll()).isCompletedExceptionally();
    }
  }

  @Test
  void feed_whileLongTransactionsCommitLate_tellsEveryChange() throws SQLException {
    try (ChangeFeed feed = Futures.await(one.history.store().follow());
        Connection slow = DriverManager.getConnection(jdbcUrl);
        Statement statement = slow.createStatement()) {
      slow.setAutoCommit(false);
      MemoryId late = MemoryId.derive(ADA, "late");
      statement.execute("insert into memlane.history (op, memory_id, version, kind, at) values (gen_random_uuid(), '"
          + late.value() + "', 1, 1, now())");
      Memory early = one.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));

      assertThat(Futures.await(feed.poll()).memories()).containsExactly(early.id());
      assertThat(Futures.await(feed.poll()).memories()).isEmpty();
      slow.commit();
      assertThat(Futures.await(feed.poll()).memories()).containsExactly(late);
      assertThat(Futures.await(feed.poll()).memories()).isEmpty();
      statement.execute("delete from memlane.history where memory_id = '" + late.value() + "'");
      slow.commit();
    }
  }

  @Test
  void oneKey_addedByBothAtOnce_isOneMemory() {
    List<CompletableFuture<Memory>> answers = new ArrayList<>();
    NewMemory memory = NewMemory.builder("Ada plays the oboe", ADA).key("oboe").build();
    for (int i = 0; i < 32; i++) {
      answers.add(one.memory.addMemory(memory));
      answers.add(other.memory.addMemory(memory));
    }

    assertThat(answers.stream().map(answer -> Futures.await(answer).id()).distinct()).hasSize(1);
    assertThat(one.blocking.count(ADA, null)).isEqualTo(1);
    assertThat(one.blocking.history(MemoryId.derive(ADA, "oboe"))).hasSize(1);
    Until.isTrue("one agrees", () -> one.blocking.verify(false).isClean());
    Until.isTrue("the other agrees", () -> other.blocking.verify(false).isClean());
  }

  private Memory addUntilStored(String content) {
    NewMemory memory = NewMemory.builder(content, ADA).key(content).build();
    for (int tried = 0; tried < 20; tried++) {
      WriteOutcome outcome = one.blocking.addMemories(List.of(memory)).getFirst();
      if (outcome instanceof WriteOutcome.Stored stored) {
        return stored.memory();
      }
      if (outcome instanceof WriteOutcome.DuplicateOf duplicate) {
        return duplicate.memory();
      }
    }
    throw new AssertionError("it could not be stored: " + content);
  }

  private void breakAllOtherConnections() throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement()) {
      statement.execute("select pg_terminate_backend(pid) from pg_stat_activity "
          + "where datname = current_database() and pid <> pg_backend_pid()");
    }
  }

  private static boolean finds(TestMemory memory, String word, MemoryId id) {
    return memory.blocking
        .search(SearchRequest.builder(word).scope(ADA).mode(SearchRequest.Mode.LEXICAL).build()).stream()
        .anyMatch(hit -> hit.memory().id().equals(id));
  }
}
