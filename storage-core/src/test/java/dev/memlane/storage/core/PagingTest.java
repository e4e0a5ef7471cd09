package dev.memlane.storage.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Head;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.storage.postgres.Database;
import dev.memlane.testing.TestOperations;
import dev.memlane.testing.TestServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pages of everything, on a server that knows nothing yet of what the tables hold. */
class PagingTest {

  private static final int ROWS = 20_000;
  private static final int PAGE = 1_000;

  private String jdbcUrl = "";

  @BeforeEach
  void fill() throws SQLException {
    jdbcUrl = TestServer.freshDatabase();
    try (Database database = Database.builder(jdbcUrl).open()) {
      PostgresCoreStore.open(database, TestOperations.MODEL, TestOperations.DIMENSION);
    }
    // One in a hundred is deleted, one in a hundred void. Statistics would come by themselves after a while.
    execute("alter table memlane.memory set (autovacuum_enabled = false)");
    execute(
        """
            insert into memlane.memory (id, state, version, op, stamp, user_id, content, content_hash, created_at, updated_at)
            select ('01990000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, case i %% 100 when 1 then 2 when 2 then 3 else 1 end,
              1, gen_random_uuid(), gen_random_uuid(), 'ada', repeat('memory ', 100) || i, gen_random_uuid(), now(), now()
            from generate_series(1, %d) i"""
            .formatted(ROWS));
  }

  @Test
  void heads_areReadInOrderOfTheKey() throws SQLException {
    assertThat(pages((core, after) -> core.heads(after, PAGE).join(), Head::memory)).isEqualTo(ROWS / 100 * 99);
    assertEachRowReadByKeyOnce();
  }

  @Test
  void list_ofAllScopes_isReadInOrderOfTheKey() throws SQLException {
    assertThat(pages((core, after) -> core.list(null, null, after, PAGE, Instant.now()).join(), Memory::id))
        .isEqualTo(ROWS / 100 * 98);
    assertEachRowReadByKeyOnce();
  }

  /** How many there are in all pages. The connections are closed then, which makes the server count what they did. */
  private <T> int pages(BiFunction<PostgresCoreStore, @Nullable MemoryId, List<T>> read, Function<T, MemoryId> id) {
    int count = 0;
    try (Database database = Database.builder(jdbcUrl).open()) {
      PostgresCoreStore core = PostgresCoreStore.open(database, TestOperations.MODEL, TestOperations.DIMENSION);
      MemoryId after = null;
      for (List<T> page = read.apply(core, null); !page.isEmpty(); page = read.apply(core, after)) {
        count += page.size();
        after = id.apply(page.getLast());
      }
    }
    return count;
  }

  /** A bitmap goes by the key as well, but takes all that is left for each page. */
  private void assertEachRowReadByKeyOnce() throws SQLException {
    Instant end = Instant.now().plusSeconds(30);
    long read = 0;
    while (read < ROWS) {
      assertThat(Instant.now()).as("so far %d of %d rows were read by the key", read, ROWS).isBefore(end);
      read = number("select idx_tup_read from pg_stat_user_indexes where indexrelname = 'memory_pkey'");
    }
    assertThat(read).isLessThan(2 * ROWS);
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private long number(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }
}
