package dev.memlane.storage.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.memlane.model.StoreException;
import dev.memlane.testing.TestServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** A database over an application's own pool. */
@Tag("programs")
class BorrowedConnectionsTest {

  private static final List<String> SETTINGS = List.of("search_path", "statement_timeout", "lock_timeout",
      "idle_in_transaction_session_timeout", "plan_cache_mode", "enable_seqscan", "enable_mergejoin", "jit",
      "client_connection_check_interval", "default_transaction_isolation", "application_name");

  private final String url = TestServer.freshDatabase();

  @Test
  void readNow_runsUnderOurSettings_andRestoresTheConnection() throws SQLException {
    try (HikariDataSource pool = pool(true)) {
      List<String> before = state(pool);
      try (Database database = Database.builder(pool).open()) {
        assertThat(text(database, "show search_path")).isEqualTo("\"memlane\"");
        assertThat(text(database, "show statement_timeout")).isEqualTo("5s");
        assertThat(text(database, "show plan_cache_mode")).isEqualTo("force_custom_plan");
        assertThat(text(database, "show application_name")).isEqualTo("the application");
      }

      assertThat(state(pool)).isEqualTo(before);
      assertThat(pool.isClosed()).isFalse();
    }
  }

  @Test
  void writeNow_overAPoolWithoutAutoCommit_commits() throws SQLException {
    try (HikariDataSource pool = pool(false)) {
      List<String> before = state(pool);
      try (Database database = Database.builder(pool).open()) {
        database.writeNow("writing",
            handle -> handle.execute("insert into embedding_model (name, dimension) values ('m', 8)"));
      }

      assertThat(state(pool)).isEqualTo(before);
      try (Connection other = pool.getConnection()) {
        assertThat(ask(other, "select count(*) from memlane.embedding_model")).isEqualTo("1");
      }
    }
  }

  @Test
  void readNow_thatFails_restoresTheConnection() throws SQLException {
    try (HikariDataSource pool = pool(false); Database database = Database.builder(pool).open()) {
      List<String> before = state(pool);

      assertThatThrownBy(() -> text(database, "select 1 / 0")).isInstanceOf(StoreException.class);

      assertThat(state(pool)).isEqualTo(before);
    }
  }

  @Test
  void readNow_throughAPooler_preparesNothingOnTheServer() throws SQLException {
    try (HikariDataSource pool = pool(true);
        Database database = Database.builder(pool).transactionPooling(true).open()) {
      assertThat(state(pool)).contains("prepare threshold 5");
      for (int i = 0; i < 10; i++) {
        text(database, "select 'again'");
      }

      try (Connection connection = pool.getConnection()) {
        assertThat(ask(connection, "select count(*) from pg_prepared_statements"))
            .isEqualTo("0");
      }
    }
  }

  @Test
  void open_overSerializableTransactions_isRefused() {
    try (HikariDataSource pool = new HikariDataSource(configuration(true, "TRANSACTION_SERIALIZABLE"))) {
      assertThatThrownBy(() -> Database.builder(pool).open()).isInstanceOf(StoreException.class)
          .hasMessageContaining("serializable").hasMessageContaining("read committed");
    }
  }

  /** A pool with one connection, so that the connection checked is the one that was used. */
  private HikariDataSource pool(boolean autoCommit) {
    return new HikariDataSource(configuration(autoCommit, null));
  }

  private HikariConfig configuration(boolean autoCommit, @Nullable String isolation) {
    HikariConfig configuration = new HikariConfig();
    configuration.setJdbcUrl(url + "&ApplicationName=the%20application");
    configuration.setMaximumPoolSize(1);
    configuration.setAutoCommit(autoCommit);
    configuration.setTransactionIsolation(isolation);
    return configuration;
  }

  private static List<String> state(HikariDataSource pool) throws SQLException {
    List<String> state = new ArrayList<>();
    try (Connection connection = pool.getConnection()) {
      state.add("autocommit " + connection.getAutoCommit());
      state.add("network timeout " + connection.getNetworkTimeout());
      state.add("prepare threshold " + connection.unwrap(PGConnection.class).getPrepareThreshold());
      for (String setting : SETTINGS) {
        state.add(setting + " " + ask(connection, "show " + setting));
      }
    }
    return state;
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  private static String text(Database database, String sql) {
    return database.readNow("asking", handle -> handle.createQuery(sql).mapTo(String.class).one());
  }
}
