package dev.memlane.storage.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.ExpiredCursorException;
import dev.memlane.model.MemoryChange;
import dev.memlane.model.MemoryId;
import dev.memlane.model.store.ChangeFeed;
import dev.memlane.model.store.LogPage;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.OwnServer;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Positions in the log across late commits, crashes and losses. */
@Tag("programs")
class LogReaderTest {

  private static final String INSERT = "insert into memlane.history (op, memory_id, version, kind, at) "
      + "values (gen_random_uuid(), ?, 1, 1, now())";

  /** An end of the server without a shutdown. */
  enum Crash {
    /** All processes end at once. */
    IMMEDIATE {
      @Override
      void happen(OwnServer server, String url) {
        server.stopImmediately();
        server.startAgain();
      }
    },
    /** The first process is killed; the others notice. */
    KILLED {
      @Override
      void happen(OwnServer server, String url) {
        server.kill();
        server.startAgain();
      }
    },
    /** One connection's process is killed; the server ends all others, recovers, and keeps its start time. */
    ONE_PROCESS {
      @Override
      void happen(OwnServer server, String url) throws SQLException {
        server.crashOneProcess(url);
      }
    };

    abstract void happen(OwnServer server, String url) throws SQLException;
  }

  private static LogPage read(Database database, @Nullable String after, int limit) {
    return new PostgresHistoryStore(database).changes(after, limit).join();
  }

  private static List<MemoryId> memories(LogPage page) {
    return page.changes().stream().map(MemoryChange::memory).toList();
  }

  /** The memories on all pages. */
  private static List<MemoryId> readAll(Database database, String after, int limit) {
    List<MemoryId> all = new ArrayList<>();
    LogPage page = read(database, after, limit);
    for (int pages = 0; page.more(); pages++) {
      assertThat(pages).as("pages").isLessThan(1_000);
      all.addAll(memories(page));
      page = read(database, page.next(), limit);
    }
    all.addAll(memories(page));
    return all;
  }

  private static MemoryId write(Connection connection) throws SQLException {
    UUID memory = UUID.randomUUID();
    try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
      insert.setObject(1, memory);
      insert.execute();
    }
    return new MemoryId(memory);
  }

  private static MemoryId write(String url) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url)) {
      return write(connection);
    }
  }

  private static Connection transaction(String url) throws SQLException {
    Connection connection = DriverManager.getConnection(url);
    connection.setAutoCommit(false);
    return connection;
  }

  private static long number(String url, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getLong(1);
    }
  }

  private static void execute(String url, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url); Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Uses up transaction ids, of which nothing is left in the write-ahead log that is on disk. */
  private static void useUp(Connection connection, int transactions) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (int i = 0; i < transactions; i++) {
        statement.execute("select pg_current_xact_id()");
        connection.rollback();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 100})
  void changes_ofTransactionsThatCommitInAnotherOrder_areReported(int limit) throws SQLException {
    String url = TestServer.freshDatabase();
    try (Database database = Database.builder(url).open();
        Connection first = transaction(url);
        Connection second = transaction(url)) {
      String now = read(database, null, 1).next();
      MemoryId a = write(first);
      MemoryId b = write(second);
      MemoryId another = write(second);
      MemoryId c = write(url);
      LogPage page = read(database, now, limit);
      assertThat(memories(page)).containsExactly(c);
      second.commit();
      MemoryId d = write(url);
      assertThat(readAll(database, page.next(), limit)).contains(b, another, d).doesNotContain(a);
      LogPage all = read(database, page.next(), 100);
      first.commit();

      assertThat(readAll(database, all.next(), limit)).contains(a);
      assertThat(readAll(database, page.next(), limit)).contains(a, b, another, d);
    }
  }

  @Test
  void changes_beyondANumberWithMoreDigits_areReportedOnce() throws SQLException {
    String url = TestServer.freshDatabase();
    try (Database database = Database.builder(url).open(); Connection connection = transaction(url)) {
      MemoryId before = write(url);
      long present = number(url, "select pg_current_xact_id()::text::bigint");
      long next = (long) Math.pow(10, Long.toString(present).length());
      assertThat(next - present).as("ids to use up").isLessThan(100_000);
      useUp(connection, (int) (next - present));
      MemoryId after = write(url);

      LogPage page = read(database, "", 10);

      assertThat(memories(page)).containsExactly(before, after);
      assertThat(read(database, page.next(), 10)).isEqualTo(new LogPage(List.of(), page.next(), false));
    }
  }

  @Tag("slow")
  @ParameterizedTest
  @EnumSource(Crash.class)
  void changes_afterACrashThatGivesTransactionIdsAgain_areReported(Crash crash, @TempDir Path folder)
      throws SQLException {
    // The writer of the log to disk sleeps, so that nothing gets there but what a commit waits for.
    try (OwnServer server = OwnServer.start(folder, Map.of("wal_writer_delay", "10s"))) {
      String url = server.freshDatabase();
      Database.builder(url).open().close();
      MemoryId early = write(url);
      String cursor;
      long used;
      MemoryId committed;
      try (Database database = Database.builder(url).open();
          Connection open = transaction(url);
          Connection connection = transaction(url)) {
        write(open);
        committed = write(url);
        useUp(connection, 200);
        LogPage page = read(database, "", 10);
        assertThat(memories(page)).containsExactly(early, committed);
        cursor = page.next();
        used = number(url, "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint");
        crash.happen(server, url);
      }

      MemoryId late = write(url);

      assertThat(number(url, "select max(xid::text::bigint) from memlane.history")).as("an id that is given again")
          .isLessThan(used);
      try (Database database = Database.builder(url).open()) {
        assertThat(readAll(database, cursor, 10)).containsExactly(late);
        assertThat(readAll(database, "", 1)).containsExactly(early, committed, late);
      }
    }
  }

  @Tag("slow")
  @Test
  void changes_afterTheServerLostWhatWasSeen_goOnFromWhatIsKept(@TempDir Path folder) throws SQLException {
    Map<String, String> confirmingEarly = Map.of("synchronous_commit", "off", "wal_writer_delay", "10s");
    try (OwnServer server = OwnServer.start(folder, confirmingEarly)) {
      String url = server.freshDatabase();
      Database.builder(url).open().close();
      MemoryId kept = write(url);
      execute(url, "checkpoint");
      String cursor;
      MemoryId lost;
      try (Database database = Database.builder(url).open()) {
        lost = write(url);
        LogPage page = read(database, "", 10);
        assertThat(memories(page)).containsExactly(kept, lost);
        cursor = page.next();
        server.kill();
        server.startAgain();
      }
      MemoryId late = write(url);

      try (Database database = Database.builder(url).open()) {
        assertThat(readAll(database, "", 10)).as("one is lost").containsExactly(kept, late);
        assertThat(readAll(database, cursor, 1)).as("the new one has its transaction id").contains(late);

        // Now nothing proves that nothing was missed.
        execute(url, "delete from memlane.history");
        assertThatThrownBy(() -> read(database, cursor, 10)).hasCauseInstanceOf(ExpiredCursorException.class);
      }
    }
  }

  @Test
  void changes_ofARestoredDump_areReportedOnce() throws SQLException {
    String url = TestServer.freshDatabase();
    Database.builder(url).open().close();
    MemoryId restored = write(url);
    // As the transactions of a cluster that has counted further.
    execute(url, "update memlane.history set xid = (pg_current_xact_id()::text::bigint + 1000000)::text::xid8");

    try (Database database = Database.builder(url).open();
        ChangeFeed feed = new PostgresHistoryStore(database).follow()
            .join()) {
      LogPage page = read(database, "", 10);
      assertThat(memories(page)).containsExactly(restored);
      MemoryId late = write(url);

      assertThat(feed.poll().join().memories()).containsExactly(late);
      assertThat(feed.poll().join().memories()).isEmpty();
      assertThat(memories(read(database, page.next(), 10))).containsExactly(late);
    }
  }

  @Test
  void changes_inAnotherDatabase_haveExpired() throws SQLException {
    String url = TestServer.freshDatabase();
    String other = TestServer.freshDatabase();
    try (Database database = Database.builder(url).open(); Database another = Database.builder(other).open()) {
      write(url);
      write(other);
      String cursor = read(database, "", 10).next();

      assertThatThrownBy(() -> read(another, cursor, 10)).hasCauseInstanceOf(ExpiredCursorException.class)
          .hasMessageContaining("list everything again");
      assertThat(memories(read(another, "", 10))).hasSize(1);
    }
  }
}
