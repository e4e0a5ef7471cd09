package dev.memlane.storage.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.model.Units;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/**
 * The PostgreSQL database that the core and the history store share: a small pool of connections, the schema, and the
 * commit queue.
 *
 * <p>
 * Opening brings the schema to the present version. Reads run on virtual threads, no more at once than there are
 * connections beside those that writing needs. Safe for use by several threads.
 */
public final class Database implements AutoCloseable {

  private static final System.Logger LOGGER = System.getLogger(Database.class.getName());
  private static final int OLDEST_SERVER = 15;
  /**
   * The fewest connections: one for the commit queue, two for what goes again beside it (halves of a failed batch, and
   * units that wait for locks), one for reads.
   */
  private static final int FEWEST_CONNECTIONS = 4;

  /** From how many connections on two batches may be in flight at the same time. */
  private static final int ENOUGH_FOR_TWO_BATCHES = 6;
  private static final String READING = "-c plan_cache_mode=force_custom_plan";
  /**
   * Planning a unit's statements takes longer than running them, so they are planned once; and so that the plan is right
   * for tables of any size, rows are found by index in any case.
   */
  private static final String WRITING = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off"
      + " -c enable_mergejoin=off";

  private final HikariDataSource pool;
  /** For the commit queue alone. */
  private final HikariDataSource writers;
  private final Jdbi jdbi;
  private final ExecutorService executor;
  private final ScheduledExecutorService timer;
  private final ScheduledFuture<?> expiry;
  private final CommitQueue queue;
  private final Semaphore readers;
  private final Duration patience;
  private final String address;
  private final Properties properties;

  private Database(Builder builder) {
    this.patience = builder.connectionTimeout;
    this.address = builder.jdbcUrl;
    this.properties = builder.connectionProperties(READING);
    int batches = builder.poolSize < ENOUGH_FOR_TWO_BATCHES ? 1 : 2;
    // One more for the halves of batches that failed.
    int aside = Math.max(1, (builder.poolSize - batches - 1) / 3);
    int writingConnections = batches + 1 + aside;
    int readingConnections = builder.poolSize - writingConnections;
    this.pool = new HikariDataSource(builder.poolConfiguration("", readingConnections, properties));
    this.writers = new HikariDataSource(
        builder.poolConfiguration("-writing", writingConnections, builder.connectionProperties(WRITING)));
    try {
      this.jdbi = Jdbi.create(pool);
      migrate(builder);
      this.executor = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("memlane-database-", 0).factory());
      this.timer = Executors
          .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("memlane-database-timer").factory());
      this.queue = new CommitQueue(new BatchSender(writers), executor, builder.clock, builder.queueBound,
          builder.largestBatch, batches, aside);
      this.expiry = timer.scheduleWithFixedDelay(queue::expire, 100, 100, TimeUnit.MILLISECONDS);
      this.readers = new Semaphore(readingConnections, true);
    } catch (RuntimeException e) {
      writers.close();
      pool.close();
      throw e;
    }
  }

  /**
   * @param jdbcUrl such as {@code jdbc:postgresql://localhost:5432/memlane}; user and password may be in it
   */
  public static Builder builder(String jdbcUrl) {
    return new Builder(jdbcUrl);
  }

  /** Where units begin, that the two stores then join. */
  public Units units() {
    return queue;
  }

  public CommitQueue.Statistics queueStatistics() {
    return queue.statistics();
  }

  /**
   * Reads on a thread of the database's own.
   *
   * @param what for a message: "reading memories"
   * @return fails with a {@link StoreException}
   */
  public <T> CompletableFuture<T> read(String what, HandleCallback<T, RuntimeException> read) {
    return CompletableFuture.supplyAsync(() -> readNow(what, read), executor);
  }

  /**
   * Reads in this thread. A read whose connection broke is done again on another, so it must be one that can be.
   *
   * @throws StoreException if the database can't be read
   */
  public <T> T readNow(String what, HandleCallback<T, RuntimeException> read) {
    boolean permitted = false;
    try {
      permitted = readers.tryAcquire(patience.toMillis(), TimeUnit.MILLISECONDS);
      if (!permitted) {
        throw new StoreException(what + ": no connection became free within " + patience.toMillis()
            + " ms because too many reads run at once; ask for less at once or raise the pool size", null);
      }
      return readOnUsableConnection(read);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException(what + ": interrupted", e);
    } catch (StoreException e) {
      throw e;
    } catch (RuntimeException e) {
      throw SqlFailures.explain(what, e);
    } finally {
      if (permitted) {
        readers.release();
      }
    }
  }

  /** A restart of the server breaks every connection of the pool; each is found out by use, once. */
  private <T> T readOnUsableConnection(HandleCallback<T, RuntimeException> read) {
    for (int left = pool.getMaximumPoolSize();; left--) {
      try {
        return jdbi.withHandle(read);
      } catch (JdbiException e) {
        // Where there was no connection to be had, the pool has waited for one already.
        if (left == 0 || e instanceof ConnectionException || !SqlFailures.isBrokenConnection(e)) {
          throw e;
        }
      }
    }
  }

  /**
   * Opens a connection outside the pool. If it breaks, its holder gets to know: the pool quietly replaces broken ones.
   *
   * @param what for a message: "following the history"
   * @return fails with a {@link StoreException}
   */
  public CompletableFuture<DedicatedConnection> connect(String what) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return new DedicatedConnection(Jdbi.open(() -> DriverManager.getConnection(address, properties)), executor);
      } catch (RuntimeException e) {
        throw SqlFailures.explain(what, e);
      }
    }, executor);
  }

  private void migrate(Builder builder) {
    try {
      jdbi.useHandle(handle -> requireUsable(handle, builder.schema.name()));
    } catch (StoreException e) {
      throw e;
    } catch (RuntimeException e) {
      throw SqlFailures.explain("the database could not be opened", e);
    }
    // On a connection of its own, without the time-outs of everyday statements.
    try (Connection connection = DriverManager.getConnection(builder.jdbcUrl, builder.credentials())) {
      builder.schema.migrate(connection);
    } catch (SQLException e) {
      throw SqlFailures.explain("the database's schema could not be brought up to date", e);
    }
  }

  private static void requireUsable(Handle handle, String schema) {
    int version = handle.createQuery("select current_setting('server_version_num')::int / 10000").mapTo(Integer.class)
        .one();
    if (version < OLDEST_SERVER) {
      throw new StoreException(
          "the database is PostgreSQL " + version + "; Memlane needs " + OLDEST_SERVER + " or later",
          null);
    }
    String encoding = handle.createQuery("show server_encoding").mapTo(String.class).one();
    if (!"UTF8".equals(encoding)) {
      throw new StoreException("the database's encoding is " + encoding + "; create one with encoding UTF8", null);
    }
    boolean readOnly = handle
        .createQuery("select pg_is_in_recovery() or current_setting('transaction_read_only')::bool")
        .mapTo(Boolean.class).one();
    if (readOnly) {
      throw new StoreException("the database is read-only (a standby, or default_transaction_read_only is on); "
          + "connect to the primary, or allow writing", null);
    }
    for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes")) {
      String value = handle.createQuery("select current_setting(:name)").bind("name", setting).mapTo(String.class)
          .one();
      if ("off".equals(value)) {
        LOGGER.log(System.Logger.Level.WARNING,
            "the database has {0} = off: a crash of its server may lose what was acknowledged; switch it on", setting);
      }
    }
    requireBinaryArrays(handle.getConnection());
    LOGGER.log(System.Logger.Level.DEBUG, "PostgreSQL {0}, schema {1}", version, schema);
  }

  /** Otherwise the driver would send nothing in their place. */
  private static void requireBinaryArrays(Connection connection) {
    boolean sent;
    try (PreparedStatement statement = connection.prepareStatement("select cardinality(?::uuid[])")) {
      statement.setObject(1, BinaryArray.ofUuids(List.of(new UUID(0, 0)), id -> id));
      try (ResultSet rows = statement.executeQuery()) {
        sent = rows.next() && rows.getInt(1) == 1;
      }
    } catch (SQLException e) {
      throw SqlFailures.explain("arrays can't be sent to the database", e);
    }
    if (!sent) {
      throw new StoreException(
          "the connection sends no arrays in binary form; take binaryTransferDisable and preferQueryMode "
              + "out of the database's URL",
          null);
    }
  }

  /** Sends what is queued, within the connection time-out, and closes the connections. */
  @Override
  public void close() {
    try {
      if (!queue.close(patience.toMillis())) {
        LOGGER.log(System.Logger.Level.WARNING, "closed while writes were still queued; they end as in doubt");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    expiry.cancel(false);
    timer.shutdownNow();
    writers.close();
    pool.close();
    executor.shutdown();
  }

  @Override
  public String toString() {
    return "Database[" + pool.getPoolName() + "]";
  }

  /** Collects the settings. Not safe for use by several threads. */
  public static final class Builder {

    private final String jdbcUrl;
    private @Nullable String user;
    private @Nullable String password;
    private DatabaseSchema schema = new DatabaseSchema("memlane");
    private int poolSize = 10;
    private int queueBound = 10_000;
    private int largestBatch = 512;
    private Duration connectionTimeout = Duration.ofSeconds(5);
    private Duration statementTimeout = Duration.ofSeconds(5);
    private Duration lockTimeout = Duration.ofSeconds(1);
    private Duration idleInTransactionTimeout = Duration.ofSeconds(10);
    private InstantSource clock = InstantSource.system();

    private Builder(String jdbcUrl) {
      if (!jdbcUrl.startsWith("jdbc:postgresql:")) {
        throw new InvalidInputException(
            "the database's address must begin with jdbc:postgresql:, as in jdbc:postgresql://localhost:5432/memlane");
      }
      this.jdbcUrl = jdbcUrl;
    }

    public Builder user(@Nullable String user) {
      this.user = user;
      return this;
    }

    public Builder password(@Nullable String password) {
      this.password = password;
      return this;
    }

    /** The schema that holds the tables, {@code memlane} by default; created if it is missing. */
    public Builder schema(String schema) {
      this.schema = new DatabaseSchema(schema);
      return this;
    }

    /** How many connections at most, 10 by default, at least 4. */
    public Builder poolSize(int poolSize) {
      if (poolSize < FEWEST_CONNECTIONS) {
        throw new InvalidInputException("the pool needs at least " + FEWEST_CONNECTIONS + " connections");
      }
      this.poolSize = poolSize;
      return this;
    }

    /** How many units may wait for the database, 10,000 by default. */
    public Builder queueBound(int queueBound) {
      this.queueBound = positive("queueBound", queueBound);
      return this;
    }

    /** How many units go out in one transaction at most, 512 by default. */
    public Builder largestBatch(int largestBatch) {
      this.largestBatch = positive("largestBatch", largestBatch);
      return this;
    }

    /** How long to wait for a connection, 5 s by default. */
    public Builder connectionTimeout(Duration connectionTimeout) {
      this.connectionTimeout = atLeast250Milliseconds("connectionTimeout", connectionTimeout);
      return this;
    }

    /** How long a statement may run, 5 s by default. */
    public Builder statementTimeout(Duration statementTimeout) {
      positive("statementTimeout in milliseconds", (int) Math.min(Integer.MAX_VALUE, statementTimeout.toMillis()));
      this.statementTimeout = statementTimeout;
      return this;
    }

    /** How long a statement may wait for a lock, 1 s by default. */
    public Builder lockTimeout(Duration lockTimeout) {
      positive("lockTimeout in milliseconds", (int) Math.min(Integer.MAX_VALUE, lockTimeout.toMillis()));
      this.lockTimeout = lockTimeout;
      return this;
    }

    /** What deadlines are measured by. */
    public Builder clock(InstantSource clock) {
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

    /** What the pool can wait at least. */
    private static Duration atLeast250Milliseconds(String name, Duration value) {
      if (value.toMillis() < 250) {
        throw new InvalidInputException(name + " is " + value.toMillis() + " ms; it must be at least 250 ms");
      }
      return value;
    }

    private HikariConfig poolConfiguration(String suffix, int size, Properties properties) {
      HikariConfig config = new HikariConfig();
      config.setJdbcUrl(jdbcUrl);
      config.setPoolName("memlane-" + schema.name() + suffix);
      config.setMaximumPoolSize(size);
      config.setMinimumIdle(1);
      config.setConnectionTimeout(connectionTimeout.toMillis());
      // The first connection is made by the migration, whose failure is told better than the pool's.
      config.setInitializationFailTimeout(-1);
      config.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
      config.setDataSourceProperties(properties);
      return config;
    }

    private Properties credentials() {
      Properties properties = new Properties();
      if (user != null) {
        properties.setProperty("user", user);
      }
      if (password != null) {
        properties.setProperty("password", password);
      }
      return properties;
    }

    /**
     * @param planner settings of the server's planner
     */
    private Properties connectionProperties(String planner) {
      Properties properties = credentials();
      properties.setProperty("ApplicationName", "memlane");
      properties.setProperty("currentSchema", schema.name());
      properties.setProperty("tcpKeepAlive", "true");
      properties.setProperty("binaryTransferEnable", BinaryArray.TYPES);
      properties.setProperty("connectTimeout", Long.toString(Math.max(1, connectionTimeout.toSeconds())));
      // Longer than the server's own limit, so that it is the server who says no wherever it still can.
      properties.setProperty("socketTimeout", Long.toString(statementTimeout.toSeconds() + 5));
      // A batch is no work for the JIT.
      properties.setProperty("options", "-c statement_timeout=" + statementTimeout.toMillis() + " -c lock_timeout="
          + lockTimeout.toMillis() + " -c idle_in_transaction_session_timeout=" + idleInTransactionTimeout.toMillis()
          + " -c client_connection_check_interval=5000 -c jit=off " + planner);
      return properties;
    }
  }
}
