package dev.memlane.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;

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
      try {
        return EmbeddedPostgres.builder().setServerConfig("max_connections", "200").start();
      } catch (IOException e) {
        throw new UncheckedIOException("the test server did not start", e);
      }
    }
  }

  private TestServer() {}

  /** Creates an empty database and returns its JDBC URL, with user and password in it. */
  public static String freshDatabase() {
    String name = "test_" + UUID.randomUUID().toString().replace("-", "");
    try (Connection connection = Holder.SERVER.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + name);
    } catch (SQLException e) {
      throw new IllegalStateException("no database for the test", e);
    }
    return Holder.SERVER.getJdbcUrl("postgres", name);
  }
}
