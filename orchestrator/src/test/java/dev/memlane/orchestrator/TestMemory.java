package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.ConversationStore;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.OpenedResources;
import dev.memlane.orchestrator.internal.OpenedStores;
import dev.memlane.orchestrator.internal.TimeOrderedIds;
import dev.memlane.orchestrator.internal.follow.IndexOpener;
import dev.memlane.storage.conversation.PostgresConversationStore;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseBuilder;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.storage.vector.LuceneVectorIndex;
import dev.memlane.testing.FaultInjector;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** A memory on real stores, each behind a fault injector. */
public final class TestMemory implements AutoCloseable {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  public final FaultInjector<CoreStore> core;
  public final FaultInjector<HistoryStore> history;
  public final FaultInjector<VectorIndex> index;
  public final FaultInjector<ConversationStore> conversations;
  /** Whether an index that broke down can be opened again, which has then lost everything. */
  public volatile BooleanSupplier reopening = () -> true;
  public final CountingEmbedder embedder = new CountingEmbedder();
  final Engine engine;
  public final MemoryOrchestrator memory;
  public final BlockingMemory blocking;

  /** A database of its own, with all tables but no rows. Its URL has user and password in it. */
  public static String freshDatabase() {
    return TestServer.freshDatabase(TABLES);
  }

  /** Embeds by hash, and counts. */
  public static final class CountingEmbedder implements Embedder {
    private final HashEmbedder hash = new HashEmbedder();
    public final AtomicBoolean failing = new AtomicBoolean();
    public final AtomicInteger texts = new AtomicInteger();
    /** Which texts it fails on. */
    public volatile Predicate<String> failingOn = text -> false;
    /** Which texts it hangs on, until {@link #release} ends. */
    public volatile Predicate<String> hangingOn = text -> false;
    public final CompletableFuture<Void> release = new CompletableFuture<>();

    @Override
    public CompletableFuture<List<float[]>> embed(List<String> texts) {
      if (failing.get() || texts.stream().anyMatch(failingOn)) {
        return CompletableFuture.failedFuture(new EmbeddingException("the embedder has no power", null));
      }
      this.texts.addAndGet(texts.size());
      return texts.stream().anyMatch(hangingOn) ? release.thenCompose(done -> hash.embed(texts)) : hash.embed(texts);
    }

    @Override
    public String model() {
      return hash.model();
    }

    @Override
    public int dimension() {
      return hash.dimension();
    }

    @Override
    public Limits limits() {
      return hash.limits();
    }
  }

  VectorIndex openIndex(Path directory) {
    // A commit on a timer leaves a proof in the database, which a test that counts requests does not expect.
    return LuceneVectorIndex.builder(directory).model(embedder.model()).dimension(embedder.dimension())
        .commitInterval(Duration.ofHours(1)).open();
  }

  private TestMemory(DatabaseBuilder databases, Path directory, Duration embeddingDeadline,
      Engine.Settings settings, InstantSource clock, boolean withConversations) {
    OpenedResources opened = new OpenedResources();
    Database database = opened.add(databases.poolSize(5).open());
    core = FaultInjector.around(CoreStore.class,
        PostgresCoreStore.open(database, embedder.model(), embedder.dimension()));
    history = FaultInjector.around(HistoryStore.class, new PostgresHistoryStore(database));
    conversations = FaultInjector.around(ConversationStore.class, new PostgresConversationStore(database));
    index = FaultInjector.around(VectorIndex.class, opened.add(openIndex(directory)));
    IndexOpener another = anew -> {
      if (reopening.getAsBoolean()) {
        index.replaceBy(opened.add(openIndex(directory.resolveSibling(directory.getFileName() + "-another"))));
        return index.store();
      }
      throw new StoreException("an injected fault of opening", null);
    };
    BatchingEmbedder batching = opened
        .add(BatchingEmbedder.builder(embedder).cacheBytes(0).deadline(embeddingDeadline).build());
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    opened.add(executor);
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    opened.add(timer::shutdownNow);
    engine = new Engine(
        new OpenedStores(database.units(), core.store(), history.store(), index.store(),
            withConversations ? conversations.store() : null),
        another,
        new Environment(executor, timer, clock, new TimeOrderedIds(clock)), batching, settings, opened::close);
    Futures.await(engine.start(Progress.NONE));
    memory = new MemoryOrchestrator(engine);
    blocking = memory.blocking();
  }

  public static TestMemory open(Path directory) {
    return open(freshDatabase(), directory);
  }

  public static TestMemory open(String jdbcUrl, Path directory) {
    return open(jdbcUrl, directory, settings(Duration.ZERO, scope -> false), InstantSource.system());
  }

  /** A memory on stores without one for conversations. */
  static TestMemory openWithoutConversations(String jdbcUrl, Path directory) {
    return new TestMemory(Database.builder(jdbcUrl), directory, Duration.ofSeconds(60),
        settings(Duration.ZERO, scope -> false), InstantSource.system(), false);
  }

  /** A memory in which some scopes hold each content once. */
  public static TestMemory unique(String jdbcUrl, Path directory, Predicate<Scope> unique) {
    return open(jdbcUrl, directory, settings(Duration.ZERO, unique), InstantSource.system());
  }

  /** One of several on the same database, which follows the others. */
  public static TestMemory following(String jdbcUrl, Path directory) {
    return open(jdbcUrl, directory, settings(Duration.ofMillis(20), scope -> false), InstantSource.system());
  }

  public static TestMemory open(String jdbcUrl, Path directory, Engine.Settings settings, InstantSource clock) {
    return new TestMemory(Database.builder(jdbcUrl), directory, Duration.ofSeconds(60), settings, clock, true);
  }

  /** One on a database with limits of its own. */
  public static TestMemory open(DatabaseBuilder database, Path directory, Duration writeDeadline,
      Duration embeddingDeadline) {
    return new TestMemory(database, directory, embeddingDeadline,
        settings(writeDeadline, Duration.ZERO, scope -> false), InstantSource.system(), true);
  }

  /** One on a database of its own, whose limits are not reached by much work on a busy machine. */
  static TestMemory patient(Path directory) {
    Duration patience = Duration.ofMinutes(2);
    return open(Database.builder(freshDatabase()).connectionTimeout(patience).statementTimeout(patience), directory,
        patience, patience);
  }

  static Engine.Settings settings(Duration followEvery, Predicate<Scope> unique) {
    return settings(Duration.ofSeconds(10), followEvery, unique);
  }

  private static Engine.Settings settings(
      Duration writeDeadline, Duration followEvery, Predicate<Scope> unique) {
    return new Engine.Settings(writeDeadline, 10_000, 1_000, followEvery, Duration.ofDays(30),
        Duration.ZERO,
        unique);
  }

  public void heal() {
    core.heal();
    history.heal();
    index.heal();
    conversations.heal();
  }

  @Override
  public void close() {
    memory.close();
  }
}
