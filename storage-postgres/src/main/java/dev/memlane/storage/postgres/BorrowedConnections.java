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
 * Connections of a pool that is not ours. What is changed on one here, which is its mode of committing, how long it waits
 * for the network and when it prepares statements, is as it was before when it is given back; nothing is set on the server
 * for longer than a transaction.
 * Safe for use by several threads.
 */
final class BorrowedConnections implements ConnectionFactory {

  private final DataSource source;
  private final int networkTimeoutMillis;
  private final boolean forgetful;
  private final Map<Connection, Before> lent = Collections.synchronizedMap(new IdentityHashMap<>());

  /**
   * @param networkTimeout longer than the server's own limit for a statement
   * @param forgetful whether to keep the server from preparing statements, because there is a pooler between that pool and
   * the server
   */
  BorrowedConnections(DataSource source, Duration networkTimeout, boolean forgetful) {
    this.source = source;
    this.forgetful = forgetful;
    this.networkTimeoutMillis = (int) Math.min(Integer.MAX_VALUE, networkTimeout.toMillis());
  }

  private record Before(boolean autoCommit, int networkTimeoutMillis, int prepareThreshold) {}

  /** A connection that commits by itself. */
  @Override
  public Connection openConnection() throws SQLException {
    return open(networkTimeoutMillis);
  }

  /** The same, for what may take as long as it takes. */
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
      if (forgetful) {
        // Of the connection and not of statements: the driver prepares its commit as well.
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
      // It is broken, or else must not go back to its pool with settings of ours.
      connection.abort(Runnable::run);
    }
  }
}
