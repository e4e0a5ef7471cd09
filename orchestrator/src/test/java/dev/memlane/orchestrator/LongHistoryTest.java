package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.HistoryEntry;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.store.CoreStore;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.vector.LuceneVectorIndex;
import dev.memlane.testing.FaultInjector;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A memory with more history than one page, and a table too large to count. */
@Tag("programs")
class LongHistoryTest {

  private static final Scope ADA = Scope.user("ada");
  private static final int VERSIONS = MemoryOrchestrator.LONGEST_HISTORY + 2;

  @TempDir
  private Path folder;

  private final String url = TestMemory.freshDatabase();
  private TestMemory test;
  private MemoryId id;

  @BeforeEach
  void open() throws SQLException {
    test = TestMemory.open(url, folder.resolve("index"));
    Memory memory = test.blocking.addMemory(NewMemory.of("Ada plays the oboe", ADA));
    id = memory.id();
    // Updates as many take a minute.
    execute("update memlane.memory set version = " + VERSIONS + " where id = ?");
    execute("update memlane.history set version = " + VERSIONS + " where memory_id = ?");
    execute(
        "insert into memlane.history (op, memory_id, version, kind, old_content, new_content, old_metadata, new_metadata, at) "
            + "select gen_random_uuid(), ?, version, 2, 'Ada plays the oboe', 'Ada plays the oboe', '{}', '{}', now() "
            + "from generate_series(1, " + (VERSIONS - 1) + ") as version");
  }

  @AfterEach
  void close() {
    test.close();
  }

  @Test
  void history_longerThanIsToldAtOnce_isReadInPagesNewestFirst() {
    List<Integer> versions = new ArrayList<>();
    Integer before = null;
    do {
      HistoryPage page = test.blocking.history(id, before, 3_000);
      page.entries().stream().map(HistoryEntry::version).forEach(versions::add);
      before = page.next();
    } while (before != null);

    List<Integer> expected = new ArrayList<>(IntStream.rangeClosed(1, VERSIONS).boxed().toList());
    Collections.reverse(expected);
    assertThat(versions).isEqualTo(expected);
    assertThatThrownBy(() -> test.blocking.history(id)).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("in pages");
  }

  @Test
  void verify_memoryOfManyVersionsThatTheIndexLacks_saysSoAndIsRepaired() {
    test.index.store().removeAll(id).join();

    VerifyReport report = test.blocking.verify(false);

    assertThat(report.inconsistencies()).singleElement()
        .satisfies(found -> assertThat(found.problem()).contains("the index does not"));
    assertThat(test.blocking.verify(true).isClean()).isTrue();
  }

  @Test
  void open_whereCountingTakesTooLong_opens() {
    HashEmbedder embedder = new HashEmbedder();
    try (Database database = Database.builder(url).open()) {
      FaultInjector<CoreStore> core = FaultInjector.around(CoreStore.class,
          PostgresCoreStore.open(database, embedder.model(), embedder.dimension()));
      core.throwing("count");
      List<Long> progress = new ArrayList<>();
      try (MemoryOrchestrator again = MemoryOrchestrator.builder()
          .stores(database.units(), core.store(), new PostgresHistoryStore(database),
              LuceneVectorIndex.builder(folder.resolve("another")).model(embedder.model())
                  .dimension(embedder.dimension()).open())
          .embedder(embedder).progress((done, total) -> progress.add(total - done)).open()) {
        assertThat(again.blocking().search(SearchRequest.of("oboe", ADA))).hasSize(1);
      }
      assertThat(progress).as("an estimate ends with what there was").last().isEqualTo(0L);
    }
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setObject(1, id.value());
      statement.execute();
    }
  }
}
