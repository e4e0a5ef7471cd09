package dev.memlane.storage.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.testing.TestServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Opening a database, and the messages if it can't be opened. */
@Tag("programs")
class DatabaseTest {

  @Test
  void open_emptyDatabaseTwice_migratesOnce() {
    String url = TestServer.freshDatabase();
    long migrations;
    try (Database database = Database.builder(url).open()) {
      assertThat(number(database, "select count(*) from memory")).isZero();
      migrations = migrations(database);
    }
    try (Database database = Database.builder(url).open()) {
      assertThat(migrations(database)).isEqualTo(migrations).isPositive();
    }
  }

  @Test
  void open_twoSchemas_keepsTheirMemoriesApart() {
    String url = TestServer.freshDatabase();
    try (Database first = Database.builder(url).schema("first").open();
        Database second = Database.builder(url).schema("second").open()) {
      first.writeNow("writing",
          handle -> handle.execute("insert into embedding_model (name, dimension) values ('m', 8)"));

      assertThat(number(first, "select count(*) from embedding_model")).isEqualTo(1);
      assertThat(number(second, "select count(*) from embedding_model")).isZero();
    }
  }

  @Test
  void scan_beyondTheStatementTimeout_isDone() {
    try (Database database = Database.builder(TestServer.freshDatabase()).statementTimeout(Duration.ofMillis(500))
        .open()) {
      String slow = "select count(pg_sleep(0.8))";

      assertThatExceptionOfType(StoreException.class).isThrownBy(() -> number(database, slow))
          .withMessageContaining("statement_timeout");
      assertThat(database.scan("counting", handle -> handle.createQuery(slow).mapTo(Long.class).one()).join())
          .isEqualTo(1);
      assertThatExceptionOfType(StoreException.class).as("the next read").isThrownBy(() -> number(database, slow));
    }
  }

  @Test
  void open_readOnlyDatabase_namesTheReason() throws SQLException {
    String url = TestServer.freshDatabase();
    try (Connection connection = DriverManager.getConnection(url); Statement statement = connection.createStatement()) {
      statement.execute("alter database " + connection.getCatalog() + " set default_transaction_read_only = on");
    }

    refused(() -> Database.builder(url).open(), "read-only", "connect to the primary");
  }

  @Test
  void open_unreachablePort_saysToCheckTheAddress() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }

    refused(() -> impatient("jdbc:postgresql://localhost:" + port + "/memlane?user=postgres").open(),
        "cannot be reached", "address");
  }

  @Test
  void open_absentDatabase_saysToCreateIt() {
    String url = TestServer.freshDatabase().replaceFirst("/test_[0-9a-f]+", "/absent");

    refused(() -> impatient(url).open(), "there is no such database", "create it first", "absent");
  }

  @Test
  void open_absentUser_saysToCheckTheUser() {
    String url = TestServer.freshDatabase().replaceFirst("user=\\w+", "user=nobody_here");

    refused(() -> impatient(url).open(), "refuses the user or the password", "nobody_here");
  }

  @Test
  void open_inTheSimpleQueryMode_saysToRemoveIt() {
    refused(() -> impatient(TestServer.freshDatabase() + "&preferQueryMode=simple").open(), "preferQueryMode", "URL");
  }

  @Test
  void readNow_badStatement_namesTheReadAndTheDatabasesError() {
    try (Database database = Database.builder(TestServer.freshDatabase()).open()) {
      refused(() -> number(database, "select count(*) from absent"), "counting", "absent");
    }
  }

  @Test
  void builder_badValues_areRefused() {
    DatabaseBuilder builder = Database.builder("jdbc:postgresql://localhost/memlane");

    invalid(() -> Database.builder("jdbc:mysql://localhost/memlane"), "jdbc:postgresql:");
    invalid(() -> builder.schema("My Schema"), "schema", "\"My Schema\"");
    invalid(() -> builder.schema(""), "schema");
    invalid(() -> builder.poolSize(3), "pool", "4");
  }

  private static DatabaseBuilder impatient(String url) {
    return Database.builder(url).connectionTimeout(Duration.ofSeconds(1));
  }

  private static long migrations(Database database) {
    return number(database, "select count(*) from memlane_schema_version");
  }

  private static long number(Database database, String sql) {
    return database.readNow("counting", handle -> handle.createQuery(sql).mapTo(Long.class).one());
  }

  private static void refused(ThrowingCallable call, String... named) {
    assertThatExceptionOfType(StoreException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.getMessage()).contains(named));
  }

  private static void invalid(ThrowingCallable call, String... named) {
    assertThatExceptionOfType(InvalidInputException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.getMessage()).contains(named));
  }
}
