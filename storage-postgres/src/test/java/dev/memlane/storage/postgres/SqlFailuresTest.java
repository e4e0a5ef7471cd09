package dev.memlane.storage.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.memlane.testing.TestServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.PSQLWarning;
import org.postgresql.util.ServerErrorMessage;

/** Failures of a real server, and the conclusions from them. */
@Tag("programs")
class SqlFailuresTest {

  private Connection first;
  private Connection second;

  @BeforeEach
  void connect() throws SQLException {
    String url = TestServer.freshDatabase();
    first = DriverManager.getConnection(url);
    second = DriverManager.getConnection(url);
    execute(first, "create table item (id int primary key, n int not null); insert into item values (1, 0), (2, 0)");
  }

  @AfterEach
  void disconnect() throws SQLException {
    first.close();
    second.close();
  }

  @Test
  void uniqueViolation_isCertainAndLasting() {
    SQLException failure = failure(() -> execute(first, "insert into item values (1, 0)"));

    assertThat(SqlFailures.isCertain(failure)).isTrue();
    assertThat(SqlFailures.isTransient(failure)).isFalse();
    assertThat(SqlFailures.explain("the write", failure)).hasMessageStartingWith("the write: ")
        .hasMessageContaining("23505").hasCause(failure);
  }

  @Test
  void duplicateContent_isDistinguishedFromOtherUniqueViolations() throws SQLException {
    execute(first, "create unique index memory_dedup on item (n) where n > 0; update item set n = 1 where id = 1");

    SQLException failure = failure(() -> execute(first, "update item set n = 1 where id = 2"));

    assertThat(SqlFailures.explain("the write", failure)).hasMessageContaining("has this content already");
  }

  @Test
  void lockTimeout_isCertainAndTransient() throws SQLException {
    first.setAutoCommit(false);
    execute(first, "update item set n = 1 where id = 1");
    execute(second, "set lock_timeout = 50");

    SQLException failure = failure(() -> execute(second, "update item set n = 2 where id = 1"));

    assertThat(SqlFailures.isCertain(failure)).isTrue();
    assertThat(SqlFailures.isTransient(failure)).isTrue();
    assertThat(SqlFailures.explain("the write", failure)).hasMessageContaining("lock_timeout");
  }

  @Test
  void deadlock_isCertainAndTransient() throws Exception {
    first.setAutoCommit(false);
    second.setAutoCommit(false);
    execute(first, "update item set n = 1 where id = 1");
    execute(second, "update item set n = 2 where id = 2");
    CompletableFuture<@Nullable SQLException> other = CompletableFuture
        .supplyAsync(() -> attempt(first, "update item set n = 1 where id = 2"));
    SQLException here = attempt(second, "update item set n = 2 where id = 1");
    // The loser has released its lock, so the other one's wait is over.
    SQLException there = other.get(20, TimeUnit.SECONDS);

    SQLException failure = Objects.requireNonNull(here != null ? here : there, "nobody lost");
    assertThat(failure.getSQLState()).isEqualTo("40P01");
    assertThat(SqlFailures.isCertain(failure)).isTrue();
    assertThat(SqlFailures.isTransient(failure)).isTrue();
  }

  @Test
  void killedConnection_isUncertain() throws SQLException {
    int backend;
    try (Statement statement = second.createStatement();
        ResultSet rows = statement.executeQuery("select pg_backend_pid()")) {
      rows.next();
      backend = rows.getInt(1);
    }
    execute(first, "select pg_terminate_backend(" + backend + ", 5000)");

    SQLException failure = failure(() -> execute(second, "update item set n = 2 where id = 1"));

    assertThat(SqlFailures.isCertain(failure)).isFalse();
    assertThat(SqlFailures.explain("the write", failure)).hasMessageContaining("cannot be reached");
  }

  @Test
  void closedConnection_isUncertain() throws SQLException {
    second.close();

    assertThat(SqlFailures.isCertain(failure(() -> execute(second, "select 1")))).isFalse();
  }

  @Test
  void errorInAnotherLanguage_isCertain() {
    assertThat(SqlFailures.isCertain(reported("FEHLER", "23505"))).isTrue();
    assertThat(SqlFailures.isCertain(reported("ERREUR", "40001"))).isTrue();
  }

  @Test
  void errorThatEndsTheConnection_isUncertainInAnyLanguage() {
    SQLException german = reported("PANIK", "53100");
    german.setNextException(new PSQLException("the connection ended", PSQLState.CONNECTION_FAILURE));

    assertThat(SqlFailures.isCertain(german)).isFalse();
    assertThat(SqlFailures.isCertain(reported("FATAL", "57P01"))).isFalse();
    assertThat(SqlFailures.isCertain(reported("PANIC", "53100"))).isFalse();
  }

  @Test
  void warning_isDistinguishedFromNotice_inAnyLanguage() {
    assertThat(SqlFailures.isWarning(new PSQLWarning(message("WARNUNG", "01000")))).isTrue();
    assertThat(SqlFailures.isWarning(new PSQLWarning(message("WARNING", "57P01")))).isTrue();
    assertThat(SqlFailures.isWarning(new PSQLWarning(message("HINWEIS", "00000")))).isFalse();
    assertThat(SqlFailures.isWarning(new SQLWarning("the driver's own"))).isFalse();
  }

  private static PSQLException reported(String severity, String state) {
    return new PSQLException(message(severity, state));
  }

  /** A report in the server's form: fields that each begin with a letter and end with a zero. */
  private static ServerErrorMessage message(String severity, String state) {
    return new ServerErrorMessage("S" + severity + "\0C" + state + "\0Mmade up\0");
  }

  private static SQLException failure(ThrowingCallable call) {
    return catchThrowableOfType(SQLException.class, call);
  }

  private static @Nullable SQLException attempt(Connection connection, String sql) {
    try {
      execute(connection, sql);
      return null;
    } catch (SQLException e) {
      return e;
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
