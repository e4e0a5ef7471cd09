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
 * Where a database's connections come from: from two small pools of our own, one for reads and one for the commit queue; or
 * from a pool of the application's. Safe for use by several threads.
 *
 * <p>
 * A connection of our own that leads straight to the server gets its {@link SessionSettings} once, when it starts. One that
 * is of somebody else's pool, be it the application's or a pooler's on the way, may serve others next: it gets them in
 * every transaction.
 */
final class Connections implements AutoCloseable {

  private final ConnectionFactory readers;
  private final ConnectionFactory writers;
  private final ConnectionFactory patient;
  private final @Nullable ConnectionFactory alone;
  private final List<HikariDataSource> pools;

  private Connections(ConnectionFactory readers, ConnectionFactory writers, ConnectionFactory patient,
      @Nullable ConnectionFactory alone, List<HikariDataSource> pools) {
    this.readers = readers;
    this.writers = writers;
    this.patient = patient;
    this.alone = alone;
    this.pools = pools;
  }

  /**
   * Pools of our own.
   *
   * @param properties what the driver is told of every connection
   * @param options more for the server's start-up; before ours, which win
   * @param settings for reading
   */
  static Connections straight(String name, String jdbcUrl, Properties properties, @Nullable String options,
      SessionSettings settings, Sizes sizes) {
    Properties reading = started(properties, options, settings);
    HikariDataSource readers = pool(name, jdbcUrl, reading, sizes.readers, sizes.patience);
    HikariDataSource writers = pool(name + "-writing", jdbcUrl, started(properties, options, settings.forWriting()),
        sizes.writers, sizes.patience);
    return new Connections(readers::getConnection, writers::getConnection, patient(jdbcUrl, properties, options),
        () -> DriverManager.getConnection(jdbcUrl, reading), List.of(readers, writers));
  }

  /** Pools of our own to a pooler. It keeps no settings of a start-up. */
  static Connections pooled(String name, String jdbcUrl, Properties properties, Sizes sizes) {
    HikariDataSource readers = pool(name, jdbcUrl, properties, sizes.readers, sizes.patience);
    HikariDataSource writers = pool(name + "-writing", jdbcUrl, properties, sizes.writers, sizes.patience);
    return new Connections(readers::getConnection, writers::getConnection, patient(jdbcUrl, properties, null), null,
        List.of(readers, writers));
  }

  /** Somebody else's connections. */
  static Connections borrowed(BorrowedConnections source) {
    return new Connections(source, source, source.patient(), null, List.of());
  }

  /** How many connections, and how long to wait for one. */
  record Sizes(int readers, int writers, Duration patience) {}

  private static Properties started(Properties properties, @Nullable String options, SessionSettings settings) {
    Properties started = new Properties();
    started.putAll(properties);
    started.setProperty("options", (options == null ? "" : options + " ")
        + settings.with("default_transaction_isolation", "read\\ committed").asOptions());
    return started;
  }

  /** For what may take as long as it takes. */
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
    // The first connection is made by the migration, whose failure is told better than the pool's.
    config.setInitializationFailTimeout(-1);
    config.setDataSourceProperties(properties);
    return new HikariDataSource(config);
  }

  ConnectionFactory readers() {
    return readers;
  }

  /** For the commit queue alone. */
  ConnectionFactory writers() {
    return writers;
  }

  /** A connection in no pool, set up for reading; null where connections may serve others next. */
  @Nullable
  ConnectionFactory alone() {
    return alone;
  }

  /** Whether every transaction has to begin with the settings. */
  boolean perTransaction() {
    return alone == null;
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
