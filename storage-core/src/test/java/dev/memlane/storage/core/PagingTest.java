package dev.memlane.storage.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.model.TimeOrder;
import dev.memlane.model.TimePosition;
import dev.memlane.model.store.Head;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseSchema;
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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pages of everything, on a server without statistics on the tables. */
@Tag("slow")
class PagingTest {

  private static final int ROWS = 20_000;
  private static final int PAGE = 1_000;

  /** One in a hundred is deleted, one in a hundred void. The server would gather statistics after a while. */
  private static final String MEMORIES = """
      alter table memlane.memory set (autovacuum_enabled = false);
      insert into memlane.memory (id, state, version, op, stamp, user_id, content, content_hash, created_at, updated_at,
        occurred_at)
      select ('01990000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, case i % 100 when 1 then 2 when 2 then 3 else 1 end,
        1, gen_random_uuid(), gen_random_uuid(), 'ada', repeat('memory ', 100) || i, gen_random_uuid(), now() + i * interval '1 us', now(),
        case i % 3 when 0 then '2026-03-01T00:00:00Z'::timestamptz + i / 1000 * interval '1 day' end
      from generate_series(1, %d) i;
      """
      .replace("%d", Integer.toString(ROWS));
  /** Every memory has two entries, and some have an additional void one. */
  private static final String HISTORY = """
      alter table memlane.history set (autovacuum_enabled = false);
      insert into memlane.history (op, memory_id, version, kind, new_content, at, void)
      select gen_random_uuid(), m.id, v, v, m.content, now(), v = 3
      from memlane.memory m, generate_series(1, 3) v where v < 3 or m.state = 3;
      """;

  private final String jdbcUrl = TestServer
      .freshDatabase(new DatabaseSchema("memlane").script(0) + MEMORIES + HISTORY);

  @Test
  void heads_areReadInOrderOfTheKey() throws SQLException {
    assertThat(pages((core, after) -> core.heads(after, PAGE).join(), Head::memory)).isEqualTo(ROWS / 100 * 99);
    assertReadByKey("memory_pkey", ROWS / 10 * 9, 2 * ROWS);
  }

  @Test
  void list_ofAllScopes_isReadInOrderOfTheKey() throws SQLException {
    assertThat(pages((core, after) -> core.list(null, null, after, PAGE, Instant.now()).join(), Memory::id))
        .isEqualTo(ROWS / 100 * 98);
    assertReadByKey("memory_pkey", ROWS / 10 * 9, 2 * ROWS);
  }

  @ParameterizedTest
  @CsvSource({"OLDEST_FIRST,", "NEWEST_FIRST,", "OLDEST_FIRST,ada", "NEWEST_FIRST,ada"})
  void listByTime_isReadInOrderOfTime(TimeOrder order, @Nullable String user) throws SQLException {
    int count = 0;
    try (Database database = Database.builder(jdbcUrl).open()) {
      PostgresCoreStore core = PostgresCoreStore.open(database, TestOperations.MODEL, TestOperations.DIMENSION);
      Scope scope = user == null ? null : Scope.user(user);
      TimePosition after = null;
      for (List<Memory> page = listed(core, scope, order, null); !page.isEmpty();) {
        count += page.size();
        after = TimePosition.of(page.getLast());
        page = listed(core, scope, order, after);
      }
    }
    assertThat(count).isEqualTo(ROWS / 100 * 98);
    if (user != null) {
      assertReadByKey("memory_user_time", ROWS / 10 * 9, 2 * ROWS);
    }
  }

  private static List<Memory> listed(
      PostgresCoreStore core, @Nullable Scope scope, TimeOrder order, @Nullable TimePosition after) {
    return core.listByTime(scope, null, order, after, PAGE, Instant.now()).join();
  }

  @Test
  void headsOfTheHistory_areReadInOrderOfTheKey() throws SQLException {
    try (Database database = Database.builder(jdbcUrl).open()) {
      PostgresHistoryStore history = new PostgresHistoryStore(database);
      int count = 0;
      MemoryId after = null;
      for (List<Head> page = history.heads(null, PAGE).join(); !page.isEmpty();) {
        assertThat(page).hasSizeLessThanOrEqualTo(PAGE).allMatch(head -> head.version() == 2);
        count += page.size();
        after = page.getLast().memory();
        page = history.heads(after, PAGE).join();
      }
      assertThat(count).isEqualTo(ROWS);
    }
    // Two entries each, for finding the end of a page and for reading it, and the surplus of a page.
    assertReadByKey("history_memory", 2 * ROWS, 8 * ROWS);
  }

  /** Counts the elements of all pages. The connections are closed then, so that the server counts their reads. */
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

  /** A bitmap scan uses the key as well, but reads the whole rest for each page. */
  private void assertReadByKey(String index, int atLeast, int lessThan) throws SQLException {
    Instant end = Instant.now().plusSeconds(30);
    long read = 0;
    while (read < atLeast) {
      assertThat(Instant.now()).as("so far %d rows were read by %s", read, index).isBefore(end);
      read = number("select idx_tup_read from pg_stat_user_indexes where indexrelname = '" + index + "'");
    }
    assertThat(read).isLessThan(lessThan);
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
