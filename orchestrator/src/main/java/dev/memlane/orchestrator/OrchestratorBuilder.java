package dev.memlane.orchestrator;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.Scope;
import dev.memlane.model.VectorType;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.model.store.ConversationStore;
import dev.memlane.model.store.SharedIndexOpener;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.Units;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.orchestrator.internal.OpenedResources;
import dev.memlane.orchestrator.internal.OpenedStores;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The builder of a {@link MemoryOrchestrator}: collects the settings, and opens the orchestrator on PostgreSQL and Lucene.
 *
 * <p>
 * A database, a directory for the index and an embedder are required, or stores of your own and an embedder. All other settings
 * have defaults. A setting out of its range is refused where it is set, with an {@link InvalidInputException}.
 *
 * <p>
 * <b>Who closes what.</b> After {@link #open} has returned, what it was given belongs to the orchestrator and is closed with
 * it: embedders, and the index of {@link #stores}. If {@code open} fails, with any exception or error, it closes everything that
 * it has opened and nothing that it was given: correct the problem and call it again. Not safe for use by several threads.
 */
public final class OrchestratorBuilder {

  private static final Duration SHORTEST_RETENTION = Duration.ofHours(1);
  /** The least number of connections with which the database's pool works. */
  private static final int FEWEST_CONNECTIONS = 4;

  private static final Duration FOLLOW_EVERY = Duration.ofMillis(500);
  /** The interval between two passes of the keeper of a shared index. */
  static final Duration KEEP_EVERY = Duration.ofSeconds(2);

  // The settings, read by the opening.
  @Nullable
  DatabaseBuilder database;
  @Nullable
  String schema;
  boolean transactionPooling;
  int poolSize = 10;
  int commitQueueBound = 10_000;
  @Nullable
  Path indexDirectory;
  @Nullable
  SharedIndexOpener sharedIndex;
  @Nullable
  VectorType indexVectors;
  @Nullable
  Locale language;
  @Nullable
  OpenedStores stores;
  @Nullable
  ConversationStore conversations;
  @Nullable
  Embedder embedder;
  @Nullable
  EmbedderPool embedderPool;
  long embeddingCacheBytes = 64L << 20;
  int embeddingConcurrency = 2;
  Duration embeddingDeadline = Duration.ofSeconds(60);
  Duration writeDeadline = Duration.ofSeconds(10);
  Duration statementTimeout = Duration.ofSeconds(5);
  Duration lockTimeout = Duration.ofSeconds(1);
  Duration commitInterval = Duration.ofSeconds(10);
  Duration retention = Duration.ofDays(30);
  Duration expiredGrace = Duration.ZERO;
  Predicate<Scope> unique = scope -> false;
  @Nullable
  Duration followEvery;
  int mostInFlight = 10_000;
  int mostUnsettled = 1_000;
  boolean rebuildIndex;
  EmbeddedText embeddedText = EmbeddedText.CONTENT;
  Progress progress = Progress.NONE;
  InstantSource clock = InstantSource.system();
  final List<MemoryListener> listeners = new ArrayList<>();

  OrchestratorBuilder() {}

  /**
   * Sets the database, PostgreSQL 15 or later. Its schema is created and migrated on opening.
   *
   * @param url such as {@code jdbc:postgresql://localhost:5432/memlane} or
   * {@code postgresql://user:password@localhost/memlane}; it may contain user and password, percent-encoded
   * @param user null if the URL names the user
   * @param password null if the URL has the password
   * @throws InvalidInputException if the URL has another form; the message does not repeat the URL
   */
  public OrchestratorBuilder postgres(String url, @Nullable String user, @Nullable String password) {
    this.database = Database.builder(url).user(user).password(password);
    return this;
  }

  /**
   * Sets the database, through the application's own connection pool. At most {@link #poolSize} connections and one more are
   * in use at the same time. Nothing is set on them for longer than a transaction, so each read and write costs a little more
   * than over Memlane's own connections.
   *
   * @param source provides connections of PostgreSQL's JDBC driver, wrapped or not; is not closed
   */
  public OrchestratorBuilder postgres(DataSource source) {
    this.database = Database.builder(source);
    return this;
  }

  /**
   * Sets whether a connection pooler in transaction mode, such as PgBouncer, stands between this process and the server, at the
   * URL or behind the {@link DataSource}. False by default, unless the URL says {@code pgbouncer=true}.
   */
  public OrchestratorBuilder transactionPooling(boolean transactionPooling) {
    this.transactionPooling = transactionPooling;
    return this;
  }

  /** Sets the database schema of the tables: {@code memlane} by default, or the URL's {@code currentSchema}. */
  public OrchestratorBuilder schema(String schema) {
    this.schema = schema;
    return this;
  }

  /** Sets the maximum number of connections to the database, 10 by default, at least 4. */
  public OrchestratorBuilder poolSize(int poolSize) {
    this.poolSize = (int) atLeast("poolSize", FEWEST_CONNECTIONS, poolSize);
    return this;
  }

  /** Sets how many writes may wait for the database, 10,000 by default. */
  public OrchestratorBuilder commitQueueBound(int commitQueueBound) {
    this.commitQueueBound = (int) atLeast("commitQueueBound", 1, commitQueueBound);
    return this;
  }

  /** Sets the directory of this process's index. No other process may use it. A lost index is rebuilt from the database. */
  public OrchestratorBuilder indexDirectory(Path indexDirectory) {
    this.indexDirectory = indexDirectory;
    return this;
  }

  /**
   * Sets how the index in {@link #indexDirectory} stores vectors: {@link VectorType#BYTE} takes a quarter of the disk and of the
   * memory, {@link VectorType#BIT} the same disk and the least memory. The default is the type with which the index was built,
   * and floats for a new index, including one that replaces a lost index. Changing the type of an existing index needs
   * {@link #rebuildIndex}, which embeds nothing: the database keeps the vectors as the model made them.
   */
  public OrchestratorBuilder indexVectors(@Nullable VectorType indexVectors) {
    this.indexVectors = indexVectors;
    return this;
  }

  /**
   * Sets an index that this process shares with others, in place of {@link #indexDirectory}. All processes that use the
   * database have to share it, because only what they put there themselves is found in it. It can't be the index of another
   * database; if the database was moved by a dump, or its server was upgraded, {@link #rebuildIndex} makes it this one's.
   */
  public OrchestratorBuilder sharedIndex(SharedIndexOpener sharedIndex) {
    this.sharedIndex = sharedIndex;
    return this;
  }

  /**
   * Sets the language whose word forms and stop words searches know. The default is the language for which the index was built,
   * and English for a new index, including one that replaces a lost index; so set it if it is not English. Texts in other
   * languages and scripts are found too, without knowledge of their word forms. Changing the language of an existing index needs
   * {@link #rebuildIndex}, which embeds nothing.
   *
   * @param language such as {@code Locale.GERMAN}, or {@code Locale.forLanguageTag("pt-BR")}; words of a language for which
   * Lucene has no rules are taken as they are
   */
  public OrchestratorBuilder language(@Nullable Locale language) {
    this.language = language;
    return this;
  }

  /**
   * Sets stores of your own, such as wrapped ones, in place of PostgreSQL and Lucene. They have to keep the contracts of their
   * interfaces, which the module {@code testing} can check. The index is closed with the orchestrator, and is not reopened if
   * it fails. The caller closes the other stores.
   */
  public OrchestratorBuilder stores(Units units, CoreStore core, HistoryStore history, VectorIndex index) {
    this.stores = new OpenedStores(units, core, history, index, null);
    return this;
  }

  /**
   * Sets a store of conversations of your own, in place of PostgreSQL's. Without one, an orchestrator on
   * {@linkplain #stores stores of your own} has no conversations. The caller closes it.
   */
  public OrchestratorBuilder conversations(ConversationStore conversations) {
    this.conversations = conversations;
    return this;
  }

  /** Sets the embedder, which turns texts into vectors. It is closed with the orchestrator. */
  public OrchestratorBuilder embedder(Embedder embedder) {
    this.embedder = embedder;
    this.embedderPool = null;
    return this;
  }

  /** Sets a pool of embedders: several keys, deployments or servers. It is closed with the orchestrator. */
  public OrchestratorBuilder embedders(EmbedderPool pool) {
    this.embedderPool = pool;
    this.embedder = null;
    return this;
  }

  /** Whether an embedder or a pool has been set. */
  public boolean hasEmbedder() {
    return embedder != null || embedderPool != null;
  }

  /** Sets the size of the cache of vectors, in bytes, 64 MiB by default; 0 for no cache. */
  public OrchestratorBuilder embeddingCacheBytes(long embeddingCacheBytes) {
    this.embeddingCacheBytes = atLeast("embeddingCacheBytes", 0, embeddingCacheBytes);
    return this;
  }

  /** Sets how many requests to a single embedder may be in flight, 2 by default. A pool's endpoints have limits of their own. */
  public OrchestratorBuilder embeddingConcurrency(int embeddingConcurrency) {
    this.embeddingConcurrency = (int) atLeast("embeddingConcurrency", 1, embeddingConcurrency);
    return this;
  }

  /** Sets how long embedding a text may take, 60 s by default. */
  public OrchestratorBuilder embeddingDeadline(Duration embeddingDeadline) {
    this.embeddingDeadline = positive("embeddingDeadline", embeddingDeadline);
    return this;
  }

  /** Sets how long a write may take after its text has been embedded, 10 s by default. */
  public OrchestratorBuilder writeDeadline(Duration writeDeadline) {
    this.writeDeadline = positive("writeDeadline", writeDeadline);
    return this;
  }

  /** Sets how long a statement may run on the server, 5 s by default. */
  public OrchestratorBuilder statementTimeout(Duration statementTimeout) {
    atLeast("statementTimeout in milliseconds", 1, statementTimeout.toMillis());
    this.statementTimeout = statementTimeout;
    return this;
  }

  /** Sets how long a statement may wait for another transaction's lock, 1 s by default. */
  public OrchestratorBuilder lockTimeout(Duration lockTimeout) {
    atLeast("lockTimeout in milliseconds", 1, lockTimeout.toMillis());
    this.lockTimeout = lockTimeout;
    return this;
  }

  /** Sets the interval at which the index is committed to disk in the background, 10 s by default. A crash loses nothing. */
  public OrchestratorBuilder indexCommitInterval(Duration commitInterval) {
    this.commitInterval = positive("indexCommitInterval", commitInterval);
    return this;
  }

  /** Sets how many writes may be under way, 10,000 by default. Beyond that callers wait, no longer than a write may take. */
  public OrchestratorBuilder mostInFlight(int mostInFlight) {
    this.mostInFlight = (int) atLeast("mostInFlight", 1, mostInFlight);
    return this;
  }

  /** Sets how many writes may be unsettled, 1,000 by default. Beyond that new writes are refused. */
  public OrchestratorBuilder mostUnsettled(int mostUnsettled) {
    this.mostUnsettled = (int) atLeast("mostUnsettled", 1, mostUnsettled);
    return this;
  }

  /**
   * Sets the interval of polls for the writes of other processes, 500 ms by default. It takes about that long until searches
   * here find them. Zero for a database to which no other process writes.
   *
   * <p>
   * With a {@link #sharedIndex}, where searches find them sooner, it is the interval at which one of the processes mends what
   * others left behind, 2 s by default. An operation that takes longer than that may have to start again.
   */
  public OrchestratorBuilder followEvery(Duration followEvery) {
    if (followEvery.isNegative()) {
      throw new InvalidInputException("followEvery is " + followEvery + "; it can't be less than zero");
    }
    this.followEvery = followEvery;
    return this;
  }

  /**
   * Sets how long the stores keep the traces of deleted and rolled-back memories, 30 days by default. During this time a
   * deleted key is reused only on request, and the history of a deleted memory can be read.
   *
   * @param retention at least an hour, because the traces keep late statements out
   */
  public OrchestratorBuilder retention(Duration retention) {
    if (retention.compareTo(SHORTEST_RETENTION) < 0) {
      throw new InvalidInputException("the retention is " + retention + "; it must be at least " + SHORTEST_RETENTION);
    }
    this.retention = retention;
    return this;
  }

  /**
   * Sets how long a memory is kept after it has expired, zero by default: the next sweep deletes it, within about an hour.
   * Until then it is found only on request ({@link Expired}). Its history stays, like that of any deleted memory.
   */
  public OrchestratorBuilder expiredGrace(Duration expiredGrace) {
    if (expiredGrace.isNegative()) {
      throw new InvalidInputException("expiredGrace is " + expiredGrace + "; it can't be less than zero");
    }
    this.expiredGrace = expiredGrace;
    return this;
  }

  /**
   * Sets the scopes that hold each content once; none by default. In such a scope, an add of a content that exists in exactly
   * the same scope completes with the existing memory, and an update to such a content is rolled back. Contents that read the
   * same are the same: see {@link dev.memlane.model.TextForm}. The setting affects new writes only, and should be the same in all
   * processes on the database.
   */
  public OrchestratorBuilder deduplicate(Predicate<Scope> scopes) {
    this.unique = scopes;
    return this;
  }

  /** Sets whether to delete the index first and rebuild it from the database, with the embedder's model. */
  public OrchestratorBuilder rebuildIndex(boolean rebuildIndex) {
    this.rebuildIndex = rebuildIndex;
    return this;
  }

  /**
   * Sets what of a memory its vector is of, for an index that is new or rebuilt: its content by default. An index that is there
   * keeps what it has. To measure what the default brings.
   */
  public OrchestratorBuilder embeddedText(EmbeddedText embeddedText) {
    this.embeddedText = embeddedText;
    return this;
  }

  /** Sets a listener for the progress of the comparison of the index with the database while opening. */
  public OrchestratorBuilder progress(Progress progress) {
    this.progress = progress;
    return this;
  }

  /** Adds a listener to the operations on memories and their steps, for metrics or traces. None by default. */
  public OrchestratorBuilder listener(MemoryListener listener) {
    this.listeners.add(listener);
    return this;
  }

  /** Sets the clock, for deadlines and for the times that are stored. */
  public OrchestratorBuilder clock(InstantSource clock) {
    this.clock = clock;
    return this;
  }

  /**
   * Opens the stores, migrates the database's schema, and makes the index agree with core. The class comment says what is
   * closed if this fails.
   *
   * @throws InvalidInputException if the embedder is missing, or, without stores of your own, the database or the directory
   * @throws MemlaneException if a store can't be opened; the message says why and what to do
   */
  public MemoryOrchestrator open() {
    return open(new OpenedResources());
  }

  /**
   * Opens a writer, which has no index of its own: see {@link MemoryWriter}. It needs the database and the embedder, and the
   * shared index if the other processes have one. An index directory and {@link #rebuildIndex} have no meaning for it. What belongs to a writer, and what is closed if this fails, is
   * the same as for {@link #open()}.
   *
   * @throws InvalidInputException if the embedder or the database is missing, or stores of your own, an index directory or the
   * rebuilding of an index are set
   * @throws MemlaneException if the database can't be opened; the message says why and what to do
   */
  public MemoryWriter openWriter() {
    if (stores != null || indexDirectory != null || rebuildIndex) {
      throw new InvalidInputException("a writer has no index and opens its stores itself; leave out stores(...), "
          + "indexDirectory(...) and rebuildIndex(...), or use open()");
    }
    return new OrchestratorOpening(this, new OpenedResources()).openWriter();
  }

  /**
   * Opens a reader of what core has: see {@link MemoryReader}. It needs the database alone; settings of embedders, indexes and
   * writes have no meaning for it.
   *
   * @throws InvalidInputException if the database is missing, or stores of your own are set
   * @throws MemlaneException if the database can't be opened; the message says why and what to do
   */
  public MemoryReader openReader() {
    if (stores != null) {
      throw new InvalidInputException("a reader opens its stores itself; leave out stores(...)");
    }
    return OrchestratorOpening.openReader(this);
  }

  /** The same settings, which later changes of these do not change. */
  OrchestratorBuilder copy() {
    OrchestratorBuilder copy = new OrchestratorBuilder();
    copy.database = database;
    copy.schema = schema;
    copy.transactionPooling = transactionPooling;
    copy.poolSize = poolSize;
    copy.commitQueueBound = commitQueueBound;
    copy.indexDirectory = indexDirectory;
    copy.sharedIndex = sharedIndex;
    copy.indexVectors = indexVectors;
    copy.language = language;
    copy.stores = stores;
    copy.conversations = conversations;
    copy.embedder = embedder;
    copy.embedderPool = embedderPool;
    copy.embeddingCacheBytes = embeddingCacheBytes;
    copy.embeddingConcurrency = embeddingConcurrency;
    copy.embeddingDeadline = embeddingDeadline;
    copy.writeDeadline = writeDeadline;
    copy.statementTimeout = statementTimeout;
    copy.lockTimeout = lockTimeout;
    copy.commitInterval = commitInterval;
    copy.retention = retention;
    copy.expiredGrace = expiredGrace;
    copy.unique = unique;
    copy.followEvery = followEvery;
    copy.mostInFlight = mostInFlight;
    copy.mostUnsettled = mostUnsettled;
    copy.rebuildIndex = rebuildIndex;
    copy.embeddedText = embeddedText;
    copy.progress = progress;
    copy.clock = clock;
    copy.listeners.addAll(listeners);
    return copy;
  }

  /** Opens, and adds everything that is opened to a collection of the caller's own. */
  MemoryOrchestrator open(OpenedResources opened) {
    return new OrchestratorOpening(this, opened).open();
  }

  /** @param asked the language in which questions are asked */
  Engine.Settings engineSettings(Locale asked) {
    return new Engine.Settings(writeDeadline, mostInFlight, mostUnsettled,
        followEvery != null ? followEvery : sharedIndex == null ? FOLLOW_EVERY : KEEP_EVERY, retention, expiredGrace,
        unique, asked);
  }

  private static long atLeast(String name, long least, long value) {
    if (value < least) {
      throw new InvalidInputException(name + " is " + value + "; it must be at least " + least);
    }
    return value;
  }

  private static Duration positive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new InvalidInputException(name + " is " + value + "; it must be positive");
    }
    return value;
  }
}
