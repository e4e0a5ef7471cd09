package dev.memlane.storage.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import javax.sql.DataSource;
import org.jdbi.v3.core.ConnectionFactory;
import org.postgresql.PGConnection;

/**
 * Connections of an application's pool. Three of their settings are changed while they are in use here: auto-commit,
 * the network time-out, and when statements are prepared. All three are restored before a connection is returned, and
 * nothing is set on the server for longer than a transaction. Safe for use by several threads.
 */
final class BorrowedConnections implements ConnectionFactory {

  private final DataSource source;
  private final int networkTimeoutMillis;
  private final boolean pooler;
  private final Map<Connection, Before> lent = Collections.synchronizedMap(new IdentityHashMap<>());

  /**
   * @param networkTimeout longer than the server's own limit for a statement
   * @param pooler whether a pooler is between that pool and the server, so that no statement may be prepared
   */
  BorrowedConnections(DataSource source, Duration networkTimeout, boolean pooler) {
    this.source = source;
    this.pooler = pooler;
    this.networkTimeoutMillis = (int) Math.min(Integer.MAX_VALUE, networkTimeout.toMillis());
  }

  private record Before(boolean autoCommit, int networkTimeoutMillis, int prepareThreshold) {}

  /** Opens a connection that commits automatically. */
  @Override
  public Connection openConnection() throws SQLException {
    return open(networkTimeoutMillis);
  }

  /** The same connections without a network time-out. */
  ConnectionFactory patient() {
    return new ConnectionFactory() {
      @Override
      public Connection openConnection() throws SQLException {
        return open(0);
      }

      @Override
      public void closeConnection(Connection connection) throws SQLException {
        BorrowedConnections.this.closeConnection(connection);
      }
    };
  }

  private Connection open(int timeoutMillis) throws SQLException {
    Connection connection = source.getConnection();
    try {
      PGConnection postgres = requirePostgres(connection);
      lent.put(connection, new Before(connection.getAutoCommit(), connection.getNetworkTimeout(),
          postgres.getPrepareThreshold()));
      if (pooler) {
        // Set on the connection and not on statements, because the driver prepares its commit too.
        postgres.setPrepareThreshold(0);
      }
      connection.setAutoCommit(true);
      connection.setNetworkTimeout(Runnable::run, timeoutMillis);
      return connection;
    } catch (SQLException | RuntimeException e) {
      closeAfter(connection, e);
      throw e;
    }
  }

  private static PGConnection requirePostgres(Connection connection) throws SQLException {
    if (!connection.isWrapperFor(PGConnection.class)) {
      throw new SQLException(
          "the DataSource's connections are not those of PostgreSQL's JDBC driver, and don't unwrap to "
              + "them (" + connection.getClass().getName() + ")");
    }
    return connection.unwrap(PGConnection.class);
  }

  private void closeAfter(Connection connection, Exception failure) {
    try {
      closeConnection(connection);
    } catch (SQLException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public void closeConnection(Connection connection) throws SQLException {
    Before before = lent.remove(connection);
    try (connection) {
      if (before != null && !connection.isClosed()) {
        restore(connection, before);
      }
    }
  }

  private static void restore(Connection connection, Before before) throws SQLException {
    try {
      connection.unwrap(PGConnection.class).setPrepareThreshold(before.prepareThreshold);
      connection.setNetworkTimeout(Runnable::run, before.networkTimeoutMillis);
      if (connection.getAutoCommit() != before.autoCommit) {
        connection.setAutoCommit(before.autoCommit);
      }
    } catch (SQLException e) {
      // It is broken; if not, it must not return to its pool with our settings.
      connection.abort(Runnable::run);
    }
  }
}
