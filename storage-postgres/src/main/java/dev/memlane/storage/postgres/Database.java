package dev.memlane.storage.postgres;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.Units;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.ConnectionFactory;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.jdbc.PreferQueryMode;

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
  private static final Duration LONGEST_SCAN = Duration.ofMinutes(10);
  private static final int FEWEST_CONNECTIONS = 4;

  /** From how many connections on two batches may be in flight at the same time. */
  private static final int ENOUGH_FOR_TWO_BATCHES = 6;

  private final Connections connections;
  private final Jdbi jdbi;
  /** Begins the transaction of each read, where connections are not set up for reading when they start; or null. */
  private final @Nullable String preamble;
  private final ExecutorService executor;
  private final ScheduledExecutorService timer;
  private final ScheduledFuture<?> expiry;
  private final CommitQueue queue;
  private final Semaphore readers;
  private final int mostReaders;
  private final Duration patience;
  private final String name;

  private Database(Builder builder) {
    this.patience = builder.connectionTimeout;
    this.name = "memlane-" + builder.schema.name();
    int batches = builder.poolSize < ENOUGH_FOR_TWO_BATCHES ? 1 : 2;
    // One more for the halves of batches that failed.
    int aside = Math.max(1, (builder.poolSize - batches - 1) / 3);
    int writingConnections = batches + 1 + aside;
    int readingConnections = builder.poolSize - writingConnections;
    this.connections = builder.connections(name, readingConnections, writingConnections);
    try {
      this.preamble = connections.perTransaction() ? builder.settings().asStatement() : null;
      this.jdbi = Jdbi.create(connections.readers());
      jdbi.registerArgument(new InstantArguments());
      migrate(builder.schema);
      this.executor = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("memlane-database-", 0).factory());
      this.timer = Executors
          .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("memlane-database-timer").factory());
      this.queue = new CommitQueue(sender(builder), executor, builder.clock, builder.queueBound,
          builder.largestBatch, batches, aside);
      this.expiry = timer.scheduleWithFixedDelay(this::expire, 100, 100, TimeUnit.MILLISECONDS);
      this.readers = new Semaphore(readingConnections, true);
      this.mostReaders = readingConnections;
    } catch (Throwable e) {
      // Also errors: they must not leave connections behind.
      connections.close();
      throw e;
    }
  }

  private BatchSender sender(Builder builder) {
    SessionSettings writing = builder.settings().forWriting();
    return connections.perTransaction()
        ? new BatchSender(connections.writers(), writing.asStatement(),
            writing.with(BatchSender.LOCK_TIMEOUT, BatchSender.SHORT_WAIT_MILLIS).asStatement())
        : new BatchSender(connections.writers());
  }

  /**
   * @param url such as {@code jdbc:postgresql://localhost:5432/memlane} or
   * {@code postgresql://user:password@localhost/memlane}; user and password may be in it, percent-encoded. With
   * {@code pgbouncer=true} among its parameters it is that of a pooler; see {@link Builder#transactionPooling}
   * @throws InvalidInputException if it is neither; the message doesn't repeat it
   */
  public static Builder builder(String url) {
    return new Builder(DatabaseAddress.parse(url), null);
  }

  /**
   * @param source gives connections of PostgreSQL's JDBC driver, wrapped or not; is not closed
   */
  public static Builder builder(DataSource source) {
    return new Builder(null, source);
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
   * Reads what grows with the tables, such as a count: a statement may take ten minutes instead of the statement time-out.
   *
   * @param what for a message: "counting memories"
   * @return fails with a {@link StoreException}
   */
  public <T> CompletableFuture<T> scan(String what, HandleCallback<T, RuntimeException> read) {
    return read(what, handle -> handle.inTransaction(each -> {
      each.execute("set local statement_timeout = " + LONGEST_SCAN.toMillis());
      return read.withHandle(each);
    }));
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
    for (int left = mostReaders;; left--) {
      try {
        return readOnce(read);
      } catch (JdbiException e) {
        // Where there was no connection to be had, the pool has waited for one already.
        if (left == 0 || e instanceof ConnectionException || !SqlFailures.isBrokenConnection(e)) {
          throw e;
        }
      }
    }
  }

  private <T> T readOnce(HandleCallback<T, RuntimeException> read) {
    return preamble == null ? jdbi.withHandle(read) : jdbi.inTransaction(handle -> {
      handle.execute(preamble);
      return read.withHandle(handle);
    });
  }

  /**
   * Opens a connection outside the pool. If it breaks, its holder gets to know: the pool quietly replaces broken ones. Where
   * connections belong to others, each read takes one of those instead, and is told nothing.
   *
   * @param what for a message: "following the history"
   * @return fails with a {@link StoreException}
   */
  public CompletableFuture<DedicatedConnection> connect(String what) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        ConnectionFactory alone = connections.alone();
        return alone != null
            ? new DedicatedConnection(Jdbi.create(alone).open(), executor)
            : new DedicatedConnection(this::readOnUsableConnection, executor);
      } catch (RuntimeException e) {
        throw SqlFailures.explain(what, e);
      }
    }, executor);
  }

  private void migrate(DatabaseSchema schema) {
    try {
      int version = this.<Integer>readOnce(Database::requireUsable);
      LOGGER.log(System.Logger.Level.DEBUG, "PostgreSQL {0}, schema {1}", version, schema.name());
    } catch (StoreException e) {
      throw e;
    } catch (RuntimeException e) {
      throw SqlFailures.explain("the database could not be opened", e);
    }
    try {
      connections.migrate(schema);
    } catch (SQLException e) {
      throw SqlFailures.explain("the database's schema could not be brought up to date", e);
    }
  }

  /** Refuses what can't hold memories; returns the server's version. */
  private static int requireUsable(Handle handle) {
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
    String isolation = handle.createQuery("show transaction_isolation").mapTo(String.class).one();
    if (!"read committed".equals(isolation)) {
      throw new StoreException(
          "transactions of these connections are " + isolation + "; Memlane compares and sets, which "
              + "needs read committed: change the pool's or the role's default",
          null);
    }
    requireDriver(handle.getConnection());
    return version;
  }

  /** In the simple mode the driver would divide what has to be one transaction. */
  private static void requireDriver(Connection connection) {
    try {
      if (connection.unwrap(PGConnection.class).getPreferQueryMode() == PreferQueryMode.SIMPLE) {
        throw new StoreException(
            "statements would not be sent together; take preferQueryMode out of the database's URL",
            null);
      }
    } catch (SQLException e) {
      throw SqlFailures.explain("the connections can't be used", e);
    }
  }

  /** What a task throws would end its schedule, and no write would ever be answered at its deadline again. */
  private void expire() {
    try {
      queue.expire();
    } catch (Throwable e) {
      LOGGER.log(System.Logger.Level.WARNING,
          "the deadlines of writes could not be looked at; they are looked at again",
          e);
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
    connections.close();
    executor.shutdown();
  }

  @Override
  public String toString() {
    return "Database[" + name + "]";
  }

  /** Collects the settings. Not safe for use by several threads. */
  public static final class Builder {

    private final @Nullable DatabaseAddress address;
    private final @Nullable DataSource source;
    private @Nullable String user;
    private @Nullable String password;
    private boolean pooler;
    private DatabaseSchema schema;
    private int poolSize = 10;
    private int queueBound = 10_000;
    private int largestBatch = 512;
    private Duration connectionTimeout = Duration.ofSeconds(5);
    private Duration statementTimeout = Duration.ofSeconds(5);
    private Duration lockTimeout = Duration.ofSeconds(1);
    private Duration idleInTransactionTimeout = Duration.ofSeconds(10);
    private InstantSource clock = InstantSource.system();

    private Builder(@Nullable DatabaseAddress address, @Nullable DataSource source) {
      this.address = address;
      this.source = source;
      this.pooler = address != null && address.pooler();
      String named = address == null ? null : address.schema();
      this.schema = new DatabaseSchema(named == null ? "memlane" : named);
    }

    /** Unless the URL names one. */
    public Builder user(@Nullable String user) {
      this.user = user;
      return this;
    }

    /** Unless the URL has one. */
    public Builder password(@Nullable String password) {
      this.password = password;
      return this;
    }

    /**
     * The schema that holds the tables, {@code memlane} by default, or the URL's {@code currentSchema}; created if it is
     * missing.
     *
     * @throws InvalidInputException if the URL names another one
     */
    public Builder schema(String schema) {
      String named = address == null ? null : address.schema();
      if (named != null && !named.equals(schema)) {
        throw new InvalidInputException("the database's URL says currentSchema=" + named + ", and the schema is to be "
            + schema + "; leave one of them out");
      }
      this.schema = new DatabaseSchema(schema);
      return this;
    }

    /** How many connections at most, 10 by default, at least 4. One more follows the history. */
    public Builder poolSize(int poolSize) {
      if (poolSize < FEWEST_CONNECTIONS) {
        throw new InvalidInputException("the pool needs at least " + FEWEST_CONNECTIONS + " connections");
      }
      this.poolSize = poolSize;
      return this;
    }

    /**
     * Whether a connection pooler in transaction mode, such as PgBouncer, is between here and the server: then nothing is
     * kept on the server for longer than a transaction, neither settings nor prepared statements. Each read and write costs
     * more for that. False by default.
     */
    public Builder transactionPooling(boolean pooler) {
      this.pooler = pooler;
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

    private SessionSettings settings() {
      return SessionSettings.reading(schema, statementTimeout, lockTimeout, idleInTransactionTimeout);
    }

    /** Longer than the server's own limit, so that it is the server who says no wherever it still can. */
    private Duration networkTimeout() {
      return statementTimeout.plusSeconds(5);
    }

    private Connections connections(String name, int readers, int writers) {
      DataSource given = source;
      DatabaseAddress there = address;
      if (given != null || there == null) {
        return Connections.borrowed(new BorrowedConnections(Objects.requireNonNull(given), networkTimeout(), pooler));
      }
      Connections.Sizes sizes = new Connections.Sizes(readers, writers, connectionTimeout);
      Properties properties = connectionProperties(there);
      return pooler
          ? Connections.pooled(name, there.jdbcUrl(), properties, sizes)
          : Connections.straight(name, there.jdbcUrl(), properties, there.options(), settings(), sizes);
    }

    /** What the driver is told. */
    private Properties connectionProperties(DatabaseAddress there) {
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
      there.properties().forEach(properties::setProperty);
      return properties;
    }
  }
}
