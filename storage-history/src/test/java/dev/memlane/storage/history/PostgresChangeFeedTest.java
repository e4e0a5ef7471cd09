package dev.memlane.storage.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.OwnServer;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** The feed in pages, and over connections of a pool. */
@Tag("programs")
class PostgresChangeFeedTest {

  @Test
  void poll_afterManyChanges_reportsThemInPages() {
    String url = TestServer.freshDatabase();
    try (Database database = Database.builder(url).open()) {
      ChangeFeed feed = new PostgresHistoryStore(database).follow(10).join();
      Set<MemoryId> written = write(database, 25);

      List<Set<MemoryId>> pages = Stream.generate(() -> feed.poll().join().memories()).limit(4).toList();

      assertThat(pages).extracting(Set::size).containsExactly(10, 10, 5, 0);
      assertThat(pages.stream().flatMap(Set::stream)).containsExactlyInAnyOrderElementsOf(written);
      feed.close();
    }
  }

  @Test
  void poll_changesOfMemoriesOnEarlierPages_areReportedByTheNextRound() {
    String url = TestServer.freshDatabase();
    try (Database database = Database.builder(url).open()) {
      ChangeFeed feed = new PostgresHistoryStore(database).follow(10).join();
      Set<MemoryId> written = write(database, 25);
      Set<MemoryId> first = feed.poll().join().memories();
      MemoryId early = first.iterator().next();
      entry(database, early.value());

      Set<MemoryId> reported = new HashSet<>();
      for (int look = 0; look < 3; look++) {
        reported.addAll(feed.poll().join().memories());
      }

      assertThat(reported).contains(early).containsAll(minus(written, first));
      assertThat(feed.poll().join().memories()).isEmpty();
      feed.close();
    }
  }

  @Test
  void poll_aMemoryWithMoreChangesThanAPage_reportsAllOfThemAndItsErasure() {
    String url = TestServer.freshDatabase();
    try (Database database = Database.builder(url).open()) {
      ChangeFeed feed = new PostgresHistoryStore(database).follow(10).join();
      UUID memory = UUID.randomUUID();
      for (int i = 0; i < 24; i++) {
        entry(database, memory);
      }
      entry(database, memory, new UUID(-1, -1), 4);

      List<ChangeFeed.Changes> pages = Stream.generate(() -> feed.poll().join()).limit(4).toList();

      assertThat(pages).extracting(page -> page.operations().getOrDefault(new MemoryId(memory), Set.of()).size())
          .containsExactly(10, 10, 5, 0);
      assertThat(pages.stream().flatMap(page -> page.operations().values().stream()).flatMap(Set::stream)).hasSize(25)
          .doesNotHaveDuplicates();
      assertThat(pages).extracting(page -> page.erased().size()).containsExactly(0, 0, 1, 0);
      assertThat(pages).extracting(ChangeFeed.Changes::more).containsExactly(true, true, true, false);
      feed.close();
    }
  }

  @Tag("slow")
  @Test
  void poll_afterAServerCrashOverAPool_fails(@TempDir Path folder)
      throws SQLException {
    try (OwnServer server = OwnServer.start(folder, Map.of())) {
      PGSimpleDataSource source = new PGSimpleDataSource();
      String url = server.freshDatabase();
      source.setURL(url);
      try (Database database = Database.builder(source).connectionTimeout(Duration.ofSeconds(20)).open()) {
        ChangeFeed feed = new PostgresHistoryStore(database).follow().join();
        write(database, 1);
        assertThat(feed.poll().join().memories()).hasSize(1);

        server.crashOneProcess(url);

        assertThatThrownBy(() -> feed.poll().join()).rootCause().isInstanceOf(StoreException.class)
            .hasMessageContaining("restarted");
      }
    }
  }

  private static Set<MemoryId> minus(Set<MemoryId> all, Set<MemoryId> some) {
    return all.stream().filter(id -> !some.contains(id)).collect(Collectors.toSet());
  }

  private static Set<MemoryId> write(Database database, int count) {
    return Stream.generate(UUID::randomUUID).limit(count).peek(id -> entry(database, id)).map(MemoryId::new)
        .collect(Collectors.toSet());
  }

  private static void entry(Database database, UUID memory) {
    entry(database, memory, UUID.randomUUID(), 1);
  }

  private static void entry(Database database, UUID memory, UUID op, int kind) {
    database.writeNow("writing an entry", handle -> handle.execute(
        "insert into history (op, memory_id, version, kind, at) values (?, ?, 1, ?, now())", op, memory, kind));
  }
}
