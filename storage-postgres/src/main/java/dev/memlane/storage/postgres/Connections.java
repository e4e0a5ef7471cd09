package dev.memlane.storage.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.jdbi.v3.core.ConnectionFactory;
import org.jspecify.annotations.Nullable;

/**
 * The connections of a database: two small pools of our own, one for reads and one for the commit queue, or a pool of
 * the application. Safe for use by several threads.
 *
 * <p>
 * A connection of our own that leads directly to the server gets its {@link SessionSettings} once, when it starts. A
 * connection through an application's pool or through a pooler may serve other clients next, so it gets them in every
 * transaction.
 */
final class Connections implements AutoCloseable {

  private final ConnectionFactory readers;
  private final ConnectionFactory writers;
  private final ConnectionFactory patient;
  private final @Nullable ConnectionFactory dedicated;
  private final List<HikariDataSource> pools;

  private Connections(ConnectionFactory readers, ConnectionFactory writers, ConnectionFactory patient,
      @Nullable ConnectionFactory dedicated, List<HikariDataSource> pools) {
    this.readers = readers;
    this.writers = writers;
    this.patient = patient;
    this.dedicated = dedicated;
    this.pools = pools;
  }

  /**
   * Creates pools of connections that lead directly to the server.
   *
   * @param properties the driver's properties for every connection
   * @param options more options for the start of a connection; they precede ours, which win
   * @param settings the settings for reading
   */
  static Connections direct(String name, String jdbcUrl, Properties properties, @Nullable String options,
      SessionSettings settings, Sizes sizes) {
    Properties reading = withSettings(properties, options, settings);
    HikariDataSource readers = pool(name, jdbcUrl, reading, sizes.readers, sizes.patience);
    HikariDataSource writers = pool(name + "-writing", jdbcUrl,
        withSettings(properties, options, settings.forWriting()),
        sizes.writers, sizes.patience);
    return new Connections(readers::getConnection, writers::getConnection, patient(jdbcUrl, properties, options),
        () -> DriverManager.getConnection(jdbcUrl, reading), List.of(readers, writers));
  }

  /** Creates pools of connections through a pooler, which keeps no settings from the start of a connection. */
  static Connections throughPooler(String name, String jdbcUrl, Properties properties, Sizes sizes) {
    HikariDataSource readers = pool(name, jdbcUrl, properties, sizes.readers, sizes.patience);
    HikariDataSource writers = pool(name + "-writing", jdbcUrl, properties, sizes.writers, sizes.patience);
    return new Connections(readers::getConnection, writers::getConnection, patient(jdbcUrl, properties, null), null,
        List.of(readers, writers));
  }

  /** Uses an application's connections. */
  static Connections borrowed(BorrowedConnections source) {
    return new Connections(source, source, source.patient(), null, List.of());
  }

  /**
   * The sizes of the pools.
   *
   * @param patience how long to wait for a connection
   */
  record Sizes(int readers, int writers, Duration patience) {}

  private static Properties withSettings(Properties properties, @Nullable String options, SessionSettings settings) {
    Properties reading = new Properties();
    reading.putAll(properties);
    reading.setProperty("options", (options == null ? "" : options + " ")
        + settings.with("default_transaction_isolation", "read\\ committed").asOptions());
    return reading;
  }

  /** Connections without a network time-out, for migrations. */
  private static ConnectionFactory patient(String jdbcUrl, Properties properties, @Nullable String options) {
    Properties patient = new Properties();
    patient.putAll(properties);
    patient.remove("socketTimeout");
    if (options != null) {
      patient.setProperty("options", options);
    }
    return () -> DriverManager.getConnection(jdbcUrl, patient);
  }

  private static HikariDataSource pool(String name, String jdbcUrl, Properties properties, int size,
      Duration patience) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(jdbcUrl);
    config.setPoolName(name);
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(patience.toMillis());
    // The migration opens the first connection, and its failure is explained better than the pool's.
    config.setInitializationFailTimeout(-1);
    config.setDataSourceProperties(properties);
    return new HikariDataSource(config);
  }

  ConnectionFactory readers() {
    return readers;
  }

  /** The connections of the commit queue. */
  ConnectionFactory writers() {
    return writers;
  }

  /** Connections outside of any pool, set up for reading; null where connections may serve other clients next. */
  @Nullable
  ConnectionFactory dedicated() {
    return dedicated;
  }

  /** Whether every transaction must begin with the settings. */
  boolean perTransaction() {
    return dedicated == null;
  }

  void migrate(DatabaseSchema schema) throws SQLException {
    Connection connection = patient.openConnection();
    try {
      schema.migrate(connection);
    } finally {
      patient.closeConnection(connection);
    }
  }

  @Override
  public void close() {
    pools.forEach(HikariDataSource::close);
  }
}
