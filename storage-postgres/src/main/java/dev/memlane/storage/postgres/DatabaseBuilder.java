package dev.memlane.storage.postgres;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Properties;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The settings of a {@link Database} that is to be opened. Not safe for use by several threads. */
public final class DatabaseBuilder {

  private final @Nullable DatabaseAddress address;
  private final @Nullable DataSource source;
  private @Nullable String user;
  private @Nullable String password;
  private boolean pooler;
  private Duration statementTimeout = Duration.ofSeconds(5);
  private Duration lockTimeout = Duration.ofSeconds(1);
  private final Duration idleInTransactionTimeout = Duration.ofSeconds(10);

  // Read by Database.
  DatabaseSchema schema;
  int poolSize = 10;
  int queueBound = 10_000;
  int largestBatch = 512;
  Duration connectionTimeout = Duration.ofSeconds(5);
  InstantSource clock = InstantSource.system();

  DatabaseBuilder(@Nullable DatabaseAddress address, @Nullable DataSource source) {
    this.address = address;
    this.source = source;
    this.pooler = address != null && address.pooler();
    String named = address == null ? null : address.schema();
    this.schema = new DatabaseSchema(named == null ? "memlane" : named);
  }

  /** Sets the user, unless the URL names one. */
  public DatabaseBuilder user(@Nullable String user) {
    this.user = user;
    return this;
  }

  /** Sets the password, unless the URL has one. */
  public DatabaseBuilder password(@Nullable String password) {
    this.password = password;
    return this;
  }

  /**
   * Sets the schema that holds the tables: {@code memlane} by default, or the URL's {@code currentSchema}. It is
   * created if it is missing.
   *
   * @throws InvalidInputException if the URL names another one
   */
  public DatabaseBuilder schema(String schema) {
    String named = address == null ? null : address.schema();
    if (named != null && !named.equals(schema)) {
      throw new InvalidInputException("the database's URL says currentSchema=" + named + ", but the schema is set to "
          + schema + "; leave one of them out");
    }
    this.schema = new DatabaseSchema(schema);
    return this;
  }

  /** Sets the most connections: 10 by default, at least 4. One more follows the history. */
  public DatabaseBuilder poolSize(int poolSize) {
    if (poolSize < PoolShares.SMALLEST_POOL) {
      throw new InvalidInputException("the pool needs at least " + PoolShares.SMALLEST_POOL + " connections");
    }
    this.poolSize = poolSize;
    return this;
  }

  /**
   * Says whether the connections lead through a pooler in transaction mode, such as PgBouncer; false by default. With
   * one, nothing is kept on the server for longer than a transaction, neither settings nor prepared statements, so each
   * read and write costs more.
   */
  public DatabaseBuilder transactionPooling(boolean pooler) {
    this.pooler = pooler;
    return this;
  }

  /** Sets how many units may wait for the database; 10,000 by default. */
  public DatabaseBuilder queueBound(int queueBound) {
    this.queueBound = positive("queueBound", queueBound);
    return this;
  }

  /** Sets the most units in one transaction; 512 by default. */
  public DatabaseBuilder largestBatch(int largestBatch) {
    this.largestBatch = positive("largestBatch", largestBatch);
    return this;
  }

  /** Sets how long to wait for a connection; 5 s by default, at least 250 ms. */
  public DatabaseBuilder connectionTimeout(Duration connectionTimeout) {
    this.connectionTimeout = atLeast250Milliseconds("connectionTimeout", connectionTimeout);
    return this;
  }

  /** Sets how long a statement may run; 5 s by default. */
  public DatabaseBuilder statementTimeout(Duration statementTimeout) {
    positive("statementTimeout in milliseconds", (int) Math.min(Integer.MAX_VALUE, statementTimeout.toMillis()));
    this.statementTimeout = statementTimeout;
    return this;
  }

  /** Sets how long a statement may wait for a lock; 1 s by default. */
  public DatabaseBuilder lockTimeout(Duration lockTimeout) {
    positive("lockTimeout in milliseconds", (int) Math.min(Integer.MAX_VALUE, lockTimeout.toMillis()));
    this.lockTimeout = lockTimeout;
    return this;
  }

  /** Sets the clock for deadlines; the system's by default. */
  public DatabaseBuilder clock(InstantSource clock) {
    this.clock = clock;
    return this;
  }

  /**
   * Connects and brings the schema up to date.
   *
   * @throws StoreException if the database can't be reached or used; the message says why
   */
  public Database open() {
    return new Database(this);
  }

  private static int positive(String name, int value) {
    if (value < 1) {
      throw new InvalidInputException(name + " is " + value + "; it must be at least 1");
    }
    return value;
  }

  /** The pool accepts no shorter time-out. */
  private static Duration atLeast250Milliseconds(String name, Duration value) {
    if (value.toMillis() < 250) {
      throw new InvalidInputException(name + " is " + value.toMillis() + " ms; it must be at least 250 ms");
    }
    return value;
  }

  SessionSettings settings() {
    return SessionSettings.reading(schema, statementTimeout, lockTimeout, idleInTransactionTimeout);
  }

  /** Longer than the server's own limit, so that the server reports the time-out wherever it still can. */
  private Duration networkTimeout() {
    return statementTimeout.plusSeconds(5);
  }

  Connections connections(String name, PoolShares shares) {
    DataSource given = source;
    DatabaseAddress server = address;
    if (given != null || server == null) {
      return Connections.borrowed(new BorrowedConnections(Objects.requireNonNull(given), networkTimeout(), pooler));
    }
    Connections.Sizes sizes = new Connections.Sizes(shares.readers(), shares.writers(), connectionTimeout);
    Properties properties = connectionProperties(server);
    return pooler
        ? Connections.throughPooler(name, server.jdbcUrl(), properties, sizes)
        : Connections.direct(name, server.jdbcUrl(), properties, server.options(), settings(), sizes);
  }

  /** The driver's properties for every connection. */
  private Properties connectionProperties(DatabaseAddress server) {
    Properties properties = new Properties();
    if (user != null) {
      properties.setProperty("user", user);
    }
    if (password != null) {
      properties.setProperty("password", password);
    }
    properties.setProperty("ApplicationName", "memlane");
    properties.setProperty("tcpKeepAlive", "true");
    properties.setProperty("binaryTransferEnable", BinaryArray.TYPES);
    properties.setProperty("connectTimeout", Long.toString(Math.max(1, connectionTimeout.toSeconds())));
    properties.setProperty("socketTimeout", Long.toString(networkTimeout().toSeconds()));
    if (pooler) {
      properties.setProperty("prepareThreshold", "0");
    }
    server.properties().forEach(properties::setProperty);
    return properties;
  }
}
