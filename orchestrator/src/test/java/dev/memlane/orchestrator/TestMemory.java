package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreException;
import dev.memlane.model.store.CoreStore;
import dev.memlane.model.store.HistoryStore;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseBuilder;
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
final class TestMemory implements AutoCloseable {

  final FaultInjector<CoreStore> core;
  final FaultInjector<HistoryStore> history;
  final FaultInjector<VectorIndex> index;
  /** Whether an index that broke down can be opened again, which has then lost everything. */
  volatile BooleanSupplier reopening = () -> true;
  final CountingEmbedder embedder = new CountingEmbedder();
  final MemoryOrchestrator memory;
  final BlockingMemory blocking;

  /** Embeds by hash, and counts. */
  static final class CountingEmbedder implements Embedder {
    private final HashEmbedder hash = new HashEmbedder();
    final AtomicBoolean failing = new AtomicBoolean();
    final AtomicInteger texts = new AtomicInteger();
    /** Which texts it fails on. */
    volatile Predicate<String> failingOn = text -> false;
    /** Which texts it hangs on, until {@link #release} ends. */
    volatile Predicate<String> hangingOn = text -> false;
    final CompletableFuture<Void> release = new CompletableFuture<>();

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

  private VectorIndex openIndex(Path directory) {
    return LuceneVectorIndex.builder(directory).model(embedder.model()).dimension(embedder.dimension()).open();
  }

  private TestMemory(DatabaseBuilder databases, Path directory, Duration embeddingDeadline,
      MemoryOrchestrator.Settings settings, InstantSource clock) {
    OpenedResources opened = new OpenedResources();
    Database database = opened.add(databases.poolSize(5).open());
    core = FaultInjector.around(CoreStore.class,
        PostgresCoreStore.open(database, embedder.model(), embedder.dimension()));
    history = FaultInjector.around(HistoryStore.class, new PostgresHistoryStore(database));
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
    memory = new MemoryOrchestrator(new OpenedStores(database.units(), core.store(), history.store(), index.store()), another,
        new Environment(executor, timer, clock, new TimeOrderedIds(clock)), batching,
        settings, opened::close);
    Futures.await(memory.start(Progress.NONE));
    blocking = memory.blocking();
  }

  static TestMemory open(Path directory) {
    return open(TestServer.freshDatabase(), directory);
  }

  static TestMemory open(String jdbcUrl, Path directory) {
    return open(jdbcUrl, directory, settings(Duration.ZERO, scope -> false), InstantSource.system());
  }

  /** One of several on the same database, which follows the others. */
  static TestMemory following(String jdbcUrl, Path directory) {
    return open(jdbcUrl, directory, settings(Duration.ofMillis(20), scope -> false), InstantSource.system());
  }

  static TestMemory open(String jdbcUrl, Path directory, MemoryOrchestrator.Settings settings, InstantSource clock) {
    return new TestMemory(Database.builder(jdbcUrl), directory, Duration.ofSeconds(60), settings, clock);
  }

  /** One on a database with limits of its own. */
  static TestMemory open(DatabaseBuilder database, Path directory, Duration writeDeadline,
      Duration embeddingDeadline) {
    return new TestMemory(database, directory, embeddingDeadline,
        settings(writeDeadline, Duration.ZERO, scope -> false), InstantSource.system());
  }

  static MemoryOrchestrator.Settings settings(Duration followEvery, Predicate<Scope> unique) {
    return settings(Duration.ofSeconds(10), followEvery, unique);
  }

  private static MemoryOrchestrator.Settings settings(
      Duration writeDeadline, Duration followEvery, Predicate<Scope> unique) {
    return new MemoryOrchestrator.Settings(writeDeadline, 10_000, 1_000, followEvery, Duration.ofDays(30),
        Duration.ZERO,
        unique);
  }

  void heal() {
    core.heal();
    history.heal();
    index.heal();
  }

  @Override
  public void close() {
    memory.close();
  }
}
