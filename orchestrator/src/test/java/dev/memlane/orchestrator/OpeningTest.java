package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.internal.OpenedResources;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.vector.LuceneVectorIndex;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** If opening fails, it closes everything that it has opened, and nothing that it was given. */
@Tag("programs")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OpeningTest {

  @TempDir
  Path folder;

  private final String jdbcUrl = TestMemory.freshDatabase();
  private final CountedEmbedder embedder = new CountedEmbedder();

  /** Fails after so many things have been opened. */
  private static final class FailingAfter extends OpenedResources {
    private final Supplier<Throwable> failure;
    private int left;

    FailingAfter(int opened, Supplier<Throwable> failure) {
      this.left = opened;
      this.failure = failure;
    }

    @Override
    public <T extends AutoCloseable> T add(T resource) {
      super.add(resource);
      if (left-- == 0) {
        throw unchecked(failure.get());
      }
      return resource;
    }

    boolean hasFailed() {
      return left < 0;
    }
  }

  private static RuntimeException unchecked(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    return (RuntimeException) failure;
  }

  static Stream<Supplier<Throwable>> failures() {
    return Stream.of(() -> new IllegalStateException("injected"), () -> new LinkageError("injected"));
  }

  private OrchestratorBuilder onPostgres() {
    return MemoryOrchestrator.builder().postgres(jdbcUrl, null, null).indexDirectory(folder.resolve("index"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void open_failingAtAnyStep_closesWhatItOpenedAndNothingItWasGiven(Supplier<Throwable> failure) throws Exception {
    Set<Thread> before = threads();
    int step = 0;
    while (true) {
      FailingAfter opened = new FailingAfter(step, failure);
      OrchestratorBuilder builder = step % 2 == 0
          ? onPostgres().embedder(embedder)
          : onPostgres().embedders(EmbedderPool.builder().endpoint("only", embedder).build());
      if (catchThrowable(() -> builder.open(opened).close()) == null) {
        break;
      }
      assertThat(opened.hasFailed()).isTrue();
      assertNothingIsLeft(before);
      step++;
    }
    // The database, the index, the embedder's front, the executor and the timer.
    assertThat(step).isGreaterThanOrEqualTo(5);
    assertThat(embedder.closed).hasValue(1);
  }

  @ParameterizedTest
  @MethodSource("failures")
  void open_failingInTheComparison_closesWhatItOpenedAndNothingItWasGiven(Supplier<Throwable> failure)
      throws Exception {
    Set<Thread> before = threads();
    try (MemoryOrchestrator memory = onPostgres().embedder(new HashEmbedder()).open()) {
      memory.blocking().addMemory(NewMemory.of("Ada plays the oboe", Scope.user("ada")));
    }

    assertThat(catchThrowable(() -> onPostgres().embedder(embedder).rebuildIndex(true).progress((done, total) -> {
      throw unchecked(failure.get());
    }).open())).isNotNull();

    assertNothingIsLeft(before);
  }

  @Tag("slow")
  @Test
  void open_withoutAServerOrAFolder_leavesTheEmbedderForAnotherTry() throws Exception {
    Set<Thread> before = threads();
    Path file = Files.createFile(folder.resolve("file"));

    assertThat(
        catchThrowable(() -> MemoryOrchestrator.builder().postgres("jdbc:postgresql://127.0.0.1:1/none", "x", "y")
            .indexDirectory(folder.resolve("index")).embedder(embedder).open()))
        .isInstanceOf(StoreException.class);
    assertThat(catchThrowable(() -> onPostgres().indexDirectory(file).embedder(embedder).open()))
        .isInstanceOf(StoreException.class);
    assertNothingIsLeft(before);

    onPostgres().embedder(embedder).open().close();
    assertThat(embedder.closed).hasValue(1);
  }

  @ParameterizedTest
  @MethodSource("failures")
  void open_onGivenStores_failing_leavesThemOpen(Supplier<Throwable> failure) {
    try (Database database = Database.builder(jdbcUrl).open();
        LuceneVectorIndex index = LuceneVectorIndex.builder(folder.resolve("index")).model(embedder.model())
            .dimension(embedder.dimension()).open()) {
      OrchestratorBuilder builder = MemoryOrchestrator.builder().embedder(embedder).stores(database.units(),
          PostgresCoreStore.open(database, embedder.model(), embedder.dimension()), new PostgresHistoryStore(database),
          index);
      for (int step = 0; step < 3; step++) {
        FailingAfter opened = new FailingAfter(step, failure);
        assertThat(catchThrowable(() -> builder.open(opened))).isNotNull();
        assertThat(index.failure()).isNull();
        assertThat(embedder.closed).hasValue(0);
      }
      MemoryOrchestrator memory = builder.open();
      memory.blocking().addMemory(NewMemory.of("Ada plays the oboe", Scope.user("ada")));
      memory.close();

      assertThat(index.failure()).isNotNull();
      assertThat(embedder.closed).hasValue(1);
    }
  }

  private void assertNothingIsLeft(Set<Thread> before) throws SQLException {
    assertThat(embedder.closed).hasValue(0);
    Until.isTrue("no thread is left", () -> before.containsAll(threads()));
    try (Connection connection = DriverManager.getConnection(jdbcUrl)) {
      Until.isTrue("no connection is left", () -> connections(connection) == 0);
    }
  }

  private static long connections(Connection connection) {
    try (ResultSet count = connection.createStatement().executeQuery(
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")) {
      count.next();
      return count.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Memlane's threads of the platform; of the virtual ones nothing stays. */
  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().contains("memlane") && thread.isAlive()).collect(Collectors.toSet());
  }
}
