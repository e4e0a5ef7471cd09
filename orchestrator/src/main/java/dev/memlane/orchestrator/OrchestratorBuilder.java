package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.Units;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseBuilder;
import dev.memlane.storage.vector.LuceneVectorIndex;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Collects the settings of a {@link MemoryOrchestrator} and opens it on PostgreSQL and Lucene: the only class that knows
 * which stores there are.
 *
 * <p>
 * A database, a directory for the index and an embedder have to be given (or stores of one's own); everything else has a
 * default. A setting out of its range is refused where it is set, with an {@link InvalidInputException}.
 *
 * <p>
 * <b>Who closes what.</b> What {@link #open} was given belongs to the orchestrator once it has returned, and is closed with it:
 * embedders, and the index of {@link #stores}. An {@code open} that fails, by whatever exception or error, closes all that it has
 * opened itself, and nothing that it was given: correct what was wrong and call it again. Not safe for use by several threads.
 */
public final class OrchestratorBuilder {

  private static final System.Logger LOGGER = System.getLogger(OrchestratorBuilder.class.getName());

  private static final Duration SHORTEST_RETENTION = Duration.ofHours(1);
  /** What the database's pool needs. */
  private static final int FEWEST_CONNECTIONS = 4;

  private @Nullable DatabaseBuilder database;
  private @Nullable String schema;
  private boolean transactionPooling;
  private int poolSize = 10;
  private int commitQueueBound = 10_000;
  private @Nullable Path indexDirectory;
  private @Nullable Locale language;
  private @Nullable OpenedStores stores;
  private @Nullable Embedder embedder;
  private @Nullable EmbedderPool embedderPool;
  private long embeddingCacheBytes = 64L << 20;
  private int embeddingConcurrency = 2;
  private Duration embeddingDeadline = Duration.ofSeconds(60);
  private Duration writeDeadline = Duration.ofSeconds(10);
  private Duration statementTimeout = Duration.ofSeconds(5);
  private Duration lockTimeout = Duration.ofSeconds(1);
  private Duration commitInterval = Duration.ofSeconds(10);
  private Duration retention = Duration.ofDays(30);
  private Duration expiredGrace = Duration.ZERO;
  private Predicate<Scope> unique = scope -> false;
  private Duration followEvery = Duration.ofMillis(500);
  private int mostInFlight = 10_000;
  private int mostUnsettled = 1_000;
  private boolean rebuildIndex;
  private Progress progress = Progress.NONE;
  private InstantSource clock = InstantSource.system();

  OrchestratorBuilder() {}

  /**
   * The database, PostgreSQL 15 or later; its schema is created and migrated on opening.
   *
   * @param url such as {@code jdbc:postgresql://localhost:5432/memlane} or
   * {@code postgresql://user:password@localhost/memlane}; user and password may be in it, percent-encoded
   * @param user unless the URL names one
   * @param password unless the URL has one
   * @throws InvalidInputException if the URL has another form; the message doesn't repeat it
   */
  public OrchestratorBuilder postgres(String url, @Nullable String user, @Nullable String password) {
    this.database = Database.builder(url).user(user).password(password);
    return this;
  }

  /**
   * The database, by connections of the application's own pool: as many as {@link #poolSize} says and one more are taken
   * from it at the same time. Nothing is set on them for longer than a transaction, so each read and write costs a little
   * more than over connections of Memlane's own.
   *
   * @param source gives connections of PostgreSQL's JDBC driver, wrapped or not; is not closed
   */
  public OrchestratorBuilder postgres(DataSource source) {
    this.database = Database.builder(source);
    return this;
  }

  /**
   * Whether a connection pooler in transaction mode, such as PgBouncer, is between here and the server, be it at the URL or
   * behind the {@link DataSource}; false by default, unless the URL says {@code pgbouncer=true}.
   */
  public OrchestratorBuilder transactionPooling(boolean transactionPooling) {
    this.transactionPooling = transactionPooling;
    return this;
  }

  /** The database schema that holds the tables, {@code memlane} by default, or the URL's {@code currentSchema}. */
  public OrchestratorBuilder schema(String schema) {
    this.schema = schema;
    return this;
  }

  /** How many connections to the database at most, 10 by default, at least 4. */
  public OrchestratorBuilder poolSize(int poolSize) {
    this.poolSize = (int) atLeast("poolSize", FEWEST_CONNECTIONS, poolSize);
    return this;
  }

  /** How many writes may wait for the database, 10,000 by default. */
  public OrchestratorBuilder commitQueueBound(int commitQueueBound) {
    this.commitQueueBound = (int) atLeast("commitQueueBound", 1, commitQueueBound);
    return this;
  }

  /** Where this process keeps its index; of no other's use. It can be lost: it is rebuilt from the database. */
  public OrchestratorBuilder indexDirectory(Path indexDirectory) {
    this.indexDirectory = indexDirectory;
    return this;
  }

  /**
   * The language whose words searches know: their forms, and those that tell nothing. Unless it is set, the one that the index was
   * built for, and English for a new index, also for one that replaces a lost one; so set it where it isn't English. Texts in other
   * languages and scripts are found as well, without the knowledge of their forms. Another language than the index was built for
   * needs {@link #rebuildIndex}, which embeds nothing.
   *
   * @param language such as {@code Locale.GERMAN}, or {@code Locale.forLanguageTag("pt-BR")}; what Lucene has no rules for is
   * taken word by word
   */
  public OrchestratorBuilder language(@Nullable Locale language) {
    this.language = language;
    return this;
  }

  /**
   * Stores of one's own instead of PostgreSQL and Lucene, such as wrapped ones. They have to keep the contracts of their
   * interfaces, which the module {@code testing} can check. The index is closed with the orchestrator, and is not opened
   * again here if it fails; the others stay their owner's.
   */
  public OrchestratorBuilder stores(Units units, CoreStore core, HistoryStore history, VectorIndex index) {
    this.stores = new OpenedStores(units, core, history, index);
    return this;
  }

  /** What makes vectors of texts. Closed with the orchestrator. */
  public OrchestratorBuilder embedder(Embedder embedder) {
    this.embedder = embedder;
    this.embedderPool = null;
    return this;
  }

  /** What makes vectors of texts: several keys, deployments or servers. Closed with the orchestrator. */
  public OrchestratorBuilder embedders(EmbedderPool pool) {
    this.embedderPool = pool;
    this.embedder = null;
    return this;
  }

  /** Whether it has been said what makes vectors of texts. */
  public boolean hasEmbedder() {
    return embedder != null || embedderPool != null;
  }

  /** How many bytes of vectors to remember in front of the embedder, 64 MiB by default; 0 for none. */
  public OrchestratorBuilder embeddingCacheBytes(long embeddingCacheBytes) {
    this.embeddingCacheBytes = atLeast("embeddingCacheBytes", 0, embeddingCacheBytes);
    return this;
  }

  /** How many requests to a single embedder may be in flight, 2 by default; a pool's endpoints have their own limits. */
  public OrchestratorBuilder embeddingConcurrency(int embeddingConcurrency) {
    this.embeddingConcurrency = (int) atLeast("embeddingConcurrency", 1, embeddingConcurrency);
    return this;
  }

  /** How long embedding a text may take, 60 s by default. */
  public OrchestratorBuilder embeddingDeadline(Duration embeddingDeadline) {
    this.embeddingDeadline = positive("embeddingDeadline", embeddingDeadline);
    return this;
  }

  /** How long a write may take after its text has been embedded, 10 s by default. */
  public OrchestratorBuilder writeDeadline(Duration writeDeadline) {
    this.writeDeadline = positive("writeDeadline", writeDeadline);
    return this;
  }

  /** How long a statement may run on the server, 5 s by default. */
  public OrchestratorBuilder statementTimeout(Duration statementTimeout) {
    atLeast("statementTimeout in milliseconds", 1, statementTimeout.toMillis());
    this.statementTimeout = statementTimeout;
    return this;
  }

  /** How long a statement may wait for another transaction's lock, 1 s by default. */
  public OrchestratorBuilder lockTimeout(Duration lockTimeout) {
    atLeast("lockTimeout in milliseconds", 1, lockTimeout.toMillis());
    this.lockTimeout = lockTimeout;
    return this;
  }

  /** How often the index is made durable in the background, every 10 s by default; a crash loses nothing by it. */
  public OrchestratorBuilder indexCommitInterval(Duration commitInterval) {
    this.commitInterval = positive("indexCommitInterval", commitInterval);
    return this;
  }

  /** How many writes may be under way, 10,000 by default; beyond that callers wait, no longer than a write may take. */
  public OrchestratorBuilder mostInFlight(int mostInFlight) {
    this.mostInFlight = (int) atLeast("mostInFlight", 1, mostInFlight);
    return this;
  }

  /** How many writes may be unsettled, 1,000 by default; beyond that new ones are refused. */
  public OrchestratorBuilder mostUnsettled(int mostUnsettled) {
    this.mostUnsettled = (int) atLeast("mostUnsettled", 1, mostUnsettled);
    return this;
  }

  /**
   * How often to look what other processes have written to the database, every 500 ms by default: how long it takes until
   * searches here find it. Zero for a database that no other process writes to.
   */
  public OrchestratorBuilder followEvery(Duration followEvery) {
    if (followEvery.isNegative()) {
      throw new InvalidInputException("followEvery is " + followEvery + "; it can't be less than zero");
    }
    this.followEvery = followEvery;
    return this;
  }

  /**
   * How long the stores remember what was deleted or rolled back, 30 days by default: so long a key that was deleted is
   * not given to a new memory unless asked for, and the history of a deleted memory can be read.
   *
   * @param retention at least an hour, because late statements must find what they are kept out by
   */
  public OrchestratorBuilder retention(Duration retention) {
    if (retention.compareTo(SHORTEST_RETENTION) < 0) {
      throw new InvalidInputException("the retention is " + retention + "; it must be at least " + SHORTEST_RETENTION);
    }
    this.retention = retention;
    return this;
  }

  /**
   * How long a memory is kept after it has expired, not at all by default: it is deleted by the next sweep, within about
   * an hour. Nothing finds it in the meantime unless asked for ({@link Expired}), and its history stays as any deleted
   * memory's does.
   */
  public OrchestratorBuilder expiredGrace(Duration expiredGrace) {
    if (expiredGrace.isNegative()) {
      throw new InvalidInputException("expiredGrace is " + expiredGrace + "; it can't be less than zero");
    }
    this.expiredGrace = expiredGrace;
    return this;
  }

  /**
   * In which scopes each content is held once: an add of a content that is there, in exactly the same scope, is answered
   * with the memory that has it, and an update to it is rolled back. Contents that read the same are the same: see
   * {@link dev.memlane.model.TextForm}. No scope by default. It holds for what is written
   * from then on, and every process on the database should say the same.
   */
  public OrchestratorBuilder deduplicate(Predicate<Scope> scopes) {
    this.unique = scopes;
    return this;
  }

  /** Whether to throw the index away first and make it again from the database, with the embedder's model. */
  public OrchestratorBuilder rebuildIndex(boolean rebuildIndex) {
    this.rebuildIndex = rebuildIndex;
    return this;
  }

  /** Is told how far the comparison of the index with the database has come while opening. */
  public OrchestratorBuilder progress(Progress progress) {
    this.progress = progress;
    return this;
  }

  /** What time it is, for deadlines and for the times that are stored. */
  public OrchestratorBuilder clock(InstantSource clock) {
    this.clock = clock;
    return this;
  }

  /**
   * Opens the stores, brings the database's schema up to date, and makes the index agree with core. See above for who closes
   * what if this fails.
   *
   * @throws InvalidInputException if the embedder, or the database or the directory where no stores were given, is missing
   * @throws MemlaneException if a store can't be opened; the message says why and what to do
   */
  public MemoryOrchestrator open() {
    return open(new OpenedResources());
  }

  /** @param opened what collects all that is opened */
  MemoryOrchestrator open(OpenedResources opened) {
    EmbedderPool model = embedders();
    OpenedStores given = stores;
    try {
      return given == null
          ? openOnOwn(model, opened)
          : openOn(given, OrchestratorBuilder::refuseToReopen, model, opened);
    } catch (Throwable e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  private EmbedderPool embedders() {
    EmbedderPool pool = embedderPool;
    return pool == null
        ? EmbedderPool.of(require(embedder, "embedder(...)"), embeddingConcurrency, embeddingDeadline)
        : pool;
  }

  private MemoryOrchestrator openOnOwn(EmbedderPool model, OpenedResources opened) {
    Path directory = require(indexDirectory, "indexDirectory(...)");
    Locale chosen = language == null ? LuceneVectorIndex.language(directory).orElse(Locale.ENGLISH) : language;
    IndexOpener indexes = anew -> openIndex(directory, model, chosen, anew);
    MemoryOrchestrator orchestrator = openOn(open(model, indexes, opened), indexes, model, opened);
    LOGGER.log(System.Logger.Level.INFO, "Opened the memory with its index in {0} and the embedding model {1}.",
        directory, model.model());
    return orchestrator;
  }

  private OpenedStores open(EmbedderPool model, IndexOpener indexes, OpenedResources opened) {
    DatabaseBuilder builder = require(database, "postgres(...)").poolSize(poolSize).queueBound(commitQueueBound)
        .statementTimeout(statementTimeout).lockTimeout(lockTimeout).clock(clock);
    if (schema != null) {
      builder.schema(schema);
    }
    if (transactionPooling) {
      builder.transactionPooling(true);
    }
    Database database = opened.add(builder.open());
    PostgresCoreStore core = PostgresCoreStore.open(database, model.model(), model.dimension());
    VectorIndex index = opened.add(indexes.open(rebuildIndex));
    return new OpenedStores(database.units(), core, new PostgresHistoryStore(database), index);
  }

  private static VectorIndex refuseToReopen(boolean anew) {
    throw new StoreException("the index has failed; it was opened by the caller, who has to open it again", null);
  }

  private MemoryOrchestrator openOn(OpenedStores given, IndexOpener indexes, EmbedderPool model, OpenedResources opened) {
    BatchingEmbedder batching = BatchingEmbedder.builder(model).cacheBytes(embeddingCacheBytes)
        .deadline(embeddingDeadline).build();
    opened.add(batching::detach);
    ExecutorService executor = Executors
        .newThreadPerTaskExecutor(Thread.ofVirtual().name("memlane-", 0).factory());
    opened.add(executor::shutdown);
    ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1,
        Thread.ofPlatform().daemon().name("memlane-timer").factory());
    // Nearly every alarm is called off long before its time.
    timer.setRemoveOnCancelPolicy(true);
    opened.add(timer::shutdownNow);
    MemoryOrchestrator orchestrator = new MemoryOrchestrator(given, indexes,
        new Environment(executor, timer, clock, new TimeOrderedIds(clock)), batching,
        new MemoryOrchestrator.Settings(writeDeadline, mostInFlight, mostUnsettled, followEvery, retention,
            expiredGrace, unique),
        opened::close);
    try {
      Futures.await(orchestrator.start(progress));
      // From now on what was given is the orchestrator's.
      opened.takeOver(batching);
      return orchestrator;
    } catch (Throwable e) {
      abandonAfter(orchestrator, e);
      throw e;
    }
  }

  /** Stops what the orchestrator has begun, such as opening a failed index again, and closes what was opened for it. */
  private static void abandonAfter(MemoryOrchestrator orchestrator, Throwable failure) {
    try {
      orchestrator.abandon();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private VectorIndex openIndex(Path directory, EmbedderPool model, Locale chosen, boolean anew) {
    if (anew) {
      LuceneVectorIndex.delete(directory);
    }
    return LuceneVectorIndex.builder(directory).model(model.model()).dimension(model.dimension())
        .language(chosen).commitInterval(commitInterval).clock(clock).open();
  }

  private static long atLeast(String name, long least, long value) {
    if (value < least) {
      throw new InvalidInputException(name + " is " + value + "; it must be at least " + least);
    }
    return value;
  }

  private static Duration positive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new InvalidInputException(name + " is " + value + "; it must be longer than nothing");
    }
    return value;
  }

  private static <T> T require(@Nullable T value, String method) {
    if (value == null) {
      throw new InvalidInputException("the builder needs " + method + " before open()");
    }
    return value;
  }
}
