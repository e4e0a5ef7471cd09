package dev.memlane.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * One real PostgreSQL server for a test run, started on first use and stopped with the JVM. Each test uses a database
 * of its own.
 *
 * <p>
 * The server doesn't sync to disk; tests of crashes start an {@link OwnServer}.
 */
public final class TestServer {

  private static final class Holder {
    static final EmbeddedPostgres SERVER = start();

    private static EmbeddedPostgres start() {
      TestNeeds.program("PostgreSQL");
      try {
        Path data = TestDirectories.make("memlane-test-server");
        EmbeddedPostgres server = EmbeddedPostgres.builder().setDataDirectory(data).setCleanDataDirectory(false)
            .setRegisterShutdownHook(false).setServerConfig("max_connections", "200")
            // It would visit every database of a test run again and again.
            .setServerConfig("autovacuum", "off").start();
        TestDirectories.atEnd(() -> stop(server, data));
        return server;
      } catch (IOException e) {
        throw new UncheckedIOException("the test server did not start", e);
      }
    }

    private static void stop(EmbeddedPostgres server, Path data) {
      try {
        server.close();
        TestDirectories.delete(data);
      } catch (IOException e) {
        throw new UncheckedIOException("the test server's files are left in " + data, e);
      }
    }
  }

  /** The name of the database that copies are made of, by the SQL that was executed in it. */
  private static final ConcurrentMap<String, String> TEMPLATES = new ConcurrentHashMap<>();

  private TestServer() {}

  /** Creates an empty database and returns its JDBC URL, with user and password in it. */
  public static String freshDatabase() {
    return url(create(""));
  }

  /**
   * Creates a database with what some SQL creates, such as tables, and returns its JDBC URL. The SQL is executed once for
   * all databases of a test run, which are copies: copying tables costs a fraction of creating them.
   *
   * @param sql one or more statements, which may be transactions
   */
  public static String freshDatabase(String sql) {
    return url(create(" template " + TEMPLATES.computeIfAbsent(sql, TestServer::template)));
  }

  private static String template(String sql) {
    String name = create("");
    try (Connection connection = Holder.SERVER.getDatabase("postgres", name).getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException("the SQL that prepares databases for tests fails", e);
    }
    return name;
  }

  private static String create(String options) {
    String name = "test_" + UUID.randomUUID().toString().replace("-", "");
    try (Connection connection = Holder.SERVER.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement()) {
      // Copied as files: the other way writes each page to the server's log as well.
      statement.execute("create database " + name + options + " strategy file_copy");
    } catch (SQLException e) {
      throw new IllegalStateException("no database for the test", e);
    }
    return name;
  }

  private static String url(String name) {
    return Holder.SERVER.getJdbcUrl("postgres", name);
  }
}
