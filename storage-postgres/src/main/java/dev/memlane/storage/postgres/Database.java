package dev.memlane.storage.postgres;

import dev.memlane.model.InDoubtException;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.Units;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jdbi.v3.core.ConnectionFactory;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.Jdbi;

/**
 * The PostgreSQL database that the core and the history store share: a small pool of connections, the schema, and the
 * commit queue.
 *
 * <p>
 * Opening brings the schema to the newest version. There are three ways to use it:
 * <ul>
 * <li>Units ({@link #units}) are the memories' own writes. They go through the {@link CommitQueue}.
 * <li>{@link #read} and {@link #scan} read.
 * <li>{@link #write} is for small writes outside of units, such as sweeping and saving vectors.
 * </ul>
 * The latter two run on virtual threads, at most as many at once as there are connections that the commit queue does
 * not need. A callback whose connection breaks runs again on another one, so it must be repeatable. Safe for use by
 * several threads.
 */
public final class Database implements AutoCloseable {

  private static final System.Logger LOGGER = System.getLogger(Database.class.getName());
  private static final Duration LONGEST_SCAN = Duration.ofMinutes(10);
  private static final long EXPIRY_MILLIS = 100;

  private final Connections connections;
  private final StatementRunner statements;
  private final ExecutorService executor;
  private final ScheduledExecutorService timer;
  private final ScheduledFuture<?> expiry;
  private final CommitQueue queue;
  private final Duration patience;
  private final String name;

  Database(DatabaseBuilder builder) {
    this.patience = builder.connectionTimeout;
    this.name = "memlane-" + builder.schema.name();
    PoolShares shares = PoolShares.of(builder.poolSize);
    this.connections = builder.connections(name, shares);
    try {
      this.statements = new StatementRunner(connections.readers(),
          connections.perTransaction() ? builder.settings().asStatement() : null, shares.readers(), patience);
      migrate(builder.schema);
      this.executor = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("memlane-database-", 0).factory());
      this.timer = Executors
          .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("memlane-database-timer").factory());
      this.queue = new CommitQueue(sender(builder.settings().forWriting()), executor, builder.clock,
          builder.queueBound, builder.largestBatch, shares.batches(), shares.alone());
      this.expiry = timer.scheduleWithFixedDelay(this::expire, EXPIRY_MILLIS, EXPIRY_MILLIS, TimeUnit.MILLISECONDS);
    } catch (Throwable e) {
      // Errors too, because no connection may stay open.
      connections.close();
      throw e;
    }
  }

  private BatchSender sender(SessionSettings writing) {
    return connections.perTransaction()
        ? new BatchSender(connections.writers(), writing.asStatement(),
            writing.with(BatchSender.LOCK_TIMEOUT, BatchSender.SHORT_WAIT_MILLIS).asStatement())
        : new BatchSender(connections.writers());
  }

  private void migrate(DatabaseSchema schema) {
    try {
      int version = statements.<Integer>runOnce(ServerRequirements::check);
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
    try {
      int renumbered = statements.<Integer>runOnce(RestoredEntries::renumber);
      if (renumbered > 0) {
        LOGGER.log(System.Logger.Level.INFO, "the log was restored from another cluster: {0} entries", renumbered);
      }
    } catch (RuntimeException e) {
      throw SqlFailures.explain("the database's log could not be checked", e);
    }
  }

  /**
   * Begins to open a database at a URL.
   *
   * @param url such as {@code jdbc:postgresql://localhost:5432/memlane} or
   * {@code postgresql://user:password@localhost/memlane}; user and password may be in it, percent-encoded. The
   * parameter {@code pgbouncer=true} says that a pooler is at that address; see
   * {@link DatabaseBuilder#transactionPooling}
   * @throws InvalidInputException if the URL has neither form; the message doesn't repeat it
   */
  public static DatabaseBuilder builder(String url) {
    return new DatabaseBuilder(DatabaseAddress.parse(url), null);
  }

  /**
   * Begins to open a database through an application's own pool.
   *
   * @param source a source of connections of PostgreSQL's JDBC driver, wrapped or not; it is never closed
   */
  public static DatabaseBuilder builder(DataSource source) {
    return new DatabaseBuilder(null, source);
  }

  /** The factory of units, which the two stores then join. */
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
   * Reads an amount that grows with the tables, such as a count. A statement may run for ten minutes instead of the
   * statement time-out.
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
   * Reads in this thread.
   *
   * @param what for a message: "opening the core store"
   * @throws StoreException if the database can't be read
   */
  public <T> T readNow(String what, HandleCallback<T, RuntimeException> read) {
    return statements.run(what, read);
  }

  /**
   * Writes outside of any unit, on a thread of the database's own. Each statement commits by itself, unless the
   * callback begins a transaction.
   *
   * @param what for a message: "sweeping the history"
   * @return fails with a {@link StoreException}: an {@link InDoubtException} if the write may have been done
   */
  public <T> CompletableFuture<T> write(String what, HandleCallback<T, RuntimeException> write) {
    return CompletableFuture.supplyAsync(() -> writeNow(what, write), executor);
  }

  /**
   * Writes outside of any unit, in this thread; see {@link #write}.
   *
   * @param what for a message: "hashing contents anew"
   * @throws StoreException if the database can't be written
   * @throws InDoubtException if the write may have been done
   */
  public <T> T writeNow(String what, HandleCallback<T, RuntimeException> write) {
    try {
      return statements.run(what, write);
    } catch (StoreException e) {
      Throwable cause = e.getCause();
      if (cause != null && SqlFailures.isInDoubt(cause)) {
        throw new InDoubtException(String.valueOf(e.getMessage()), e);
      }
      throw e;
    }
  }

  /**
   * Opens a connection outside of the pool, for a holder that must learn when it breaks: the pool replaces broken
   * connections silently. Where connections belong to an application or a pooler, each read uses one of those instead,
   * and a broken one is replaced silently.
   *
   * @param what for a message: "following the history"
   * @return fails with a {@link StoreException}
   */
  public CompletableFuture<DedicatedConnection> connect(String what) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        ConnectionFactory dedicated = connections.dedicated();
        return dedicated != null
            ? new DedicatedConnection(Jdbi.create(dedicated).open(), executor)
            : new DedicatedConnection(statements::runOnUsableConnection, executor);
      } catch (RuntimeException e) {
        throw SqlFailures.explain(what, e);
      }
    }, executor);
  }

  /**
   * The identity of this database, such as {@code "7391052345678901234 16384 16402"}. A copy that was made by a dump has another
   * one, and a standby that takes over has the same.
   *
   * @throws StoreException if the database can't be read
   */
  public String identity() {
    return readNow("reading the identity of the database", handle -> handle.createQuery("""
        select (select system_identifier from pg_control_system())::text || ' '
          || (select oid from pg_database where datname = current_database())::text || ' '
          || 'memory'::regclass::oid::text""").mapTo(String.class).one());
  }

  /** An exception would end the schedule, and no later write would be answered at its deadline. */
  private void expire() {
    try {
      queue.expire();
    } catch (Throwable e) {
      LOGGER.log(System.Logger.Level.WARNING, "the deadlines of writes could not be checked; they are checked again",
          e);
    }
  }

  /** Sends the queued units, for at most the connection time-out, and closes the connections. */
  @Override
  public void close() {
    try {
      if (!queue.close(patience.toMillis())) {
        LOGGER.log(System.Logger.Level.WARNING, "closed while writes were still queued; they end in doubt");
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
}
