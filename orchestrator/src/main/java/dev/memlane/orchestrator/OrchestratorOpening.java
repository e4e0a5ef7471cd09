package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.model.EmbeddedText;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.model.VectorType;
import dev.memlane.model.store.ConversationStore;
import dev.memlane.model.store.IndexContents;
import dev.memlane.model.store.SharedIndexOpener;
import dev.memlane.model.store.VectorIndex;
import dev.memlane.orchestrator.internal.DetachedIndex;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.OpenedResources;
import dev.memlane.orchestrator.internal.OpenedStores;
import dev.memlane.orchestrator.internal.OperationTimes;
import dev.memlane.orchestrator.internal.TimeOrderedIds;
import dev.memlane.orchestrator.internal.follow.IndexOpener;
import dev.memlane.storage.conversation.PostgresConversationStore;
import dev.memlane.storage.core.PostgresCoreStore;
import dev.memlane.storage.history.PostgresHistoryStore;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseBuilder;
import dev.memlane.storage.vector.LuceneVectorIndex;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One opening of an orchestrator: opens the stores, makes the executor and the timer, and starts the engine.
 *
 * <p>
 * If a step fails, everything that was opened here is closed again, in the opposite order. What the builder was given stays
 * open then, and belongs to the orchestrator after a success. Not safe for use by several threads.
 */
final class OrchestratorOpening {

  private static final System.Logger LOGGER = System.getLogger(OrchestratorOpening.class.getName());

  private final OrchestratorBuilder settings;
  private final EmbedderPool model;
  private final OpenedResources opened;

  /**
   * @param opened collects everything that is opened
   */
  OrchestratorOpening(OrchestratorBuilder settings, OpenedResources opened) {
    this.settings = settings;
    this.model = embedders(settings);
    this.opened = opened;
  }

  MemoryOrchestrator open() {
    OpenedStores given = settings.stores;
    OrchestratorBuilder kept = settings.copy();
    try {
      Engine engine = given == null
          ? openOnOwnStores()
          : openOn(given.with(settings.conversations), OrchestratorOpening::refuseToReopen, vectors(given.index()),
              Objects.requireNonNullElse(settings.language, Locale.ENGLISH));
      return new MemoryOrchestrator(engine, kept);
    } catch (Throwable e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  MemoryWriter openWriter() {
    try {
      Database database = opened.add(databaseBuilder(settings).open());
      String vectors = embeddedText(database).vectors(model.model());
      SharedIndexOpener shared = settings.sharedIndex;
      IndexOpener opener = shared == null
          ? anew -> new DetachedIndex(vectors, model.dimension())
          : anew -> shared.open(contents(database, vectors), anew);
      return new MemoryWriter(new MemoryOrchestrator(openOn(openStores(database, vectors, opener), opener, vectors,
          Objects.requireNonNullElse(settings.language, Locale.ENGLISH), Engine::startDetached), settings.copy()));
    } catch (Throwable e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  /** Opens a reader, which needs neither an embedder nor an index. */
  static MemoryReader openReader(OrchestratorBuilder settings) {
    return new MemoryReader(databaseBuilder(settings).open());
  }

  private static EmbedderPool embedders(OrchestratorBuilder settings) {
    EmbedderPool pool = settings.embedderPool;
    return pool == null
        ? EmbedderPool.of(require(settings.embedder, "embedder(...)"), settings.embeddingConcurrency,
            settings.embeddingDeadline)
        : pool;
  }

  private Engine openOnOwnStores() {
    SharedIndexOpener shared = settings.sharedIndex;
    if (shared != null) {
      return openOnSharedIndex(shared);
    }
    IndexDirectories directories = new IndexDirectories(require(settings.indexDirectory, "indexDirectory(...)"));
    Path directory = settings.rebuildIndex ? directories.configured() : directories.of(model.model());
    Locale given = settings.language;
    Locale language = given == null ? LuceneVectorIndex.language(directory).orElse(Locale.ENGLISH) : given;
    DatabaseBuilder builder = databaseBuilder(settings);
    Database database = opened.add(builder.open());
    EmbeddedText embedded = embeddedText(directory, database);
    String vectors = embedded.vectors(model.model());
    VectorType type = vectorType(directory);
    IndexOpener opener = anew -> openIndex(directory, language, type, vectors, anew);
    Engine engine = openOn(openStores(database, vectors, opener), opener, vectors, language);
    // A change of the model that was interrupted has left it behind.
    IndexDirectories.delete(directories.otherThan(directory));
    LOGGER.log(System.Logger.Level.INFO, "Opened the memory with its index in {0} and the embedding model {1}.",
        directory, model.model());
    if (embedded != EmbeddedText.CONTENT) {
      LOGGER.log(System.Logger.Level.INFO, "Names are part of the vectors of the index in {0}, which are of an "
          + "older version; `memlane reindex` would make searches find more. It embeds all memories again.", directory);
    }
    return engine;
  }

  private Engine openOnSharedIndex(SharedIndexOpener shared) {
    if (settings.indexDirectory != null) {
      throw new InvalidInputException(
          "the builder has both indexDirectory(...) and sharedIndex(...); leave one of them out");
    }
    if (settings.indexVectors != null) {
      throw new InvalidInputException("indexVectors(...) is for an index in a directory, and the builder has "
          + "sharedIndex(...), whose own builder says how it stores vectors; leave it out");
    }
    Locale language = Objects.requireNonNullElse(settings.language, Locale.ENGLISH);
    Database database = opened.add(databaseBuilder(settings).open());
    String vectors = embeddedText(database).vectors(model.model());
    IndexOpener opener = anew -> shared.open(contents(database, vectors), anew);
    Engine engine = openOn(openStores(database, vectors, opener), opener, vectors, language);
    LOGGER.log(System.Logger.Level.INFO, "Opened the memory with a shared index and the embedding model {0}.",
        model.model());
    return engine;
  }

  private IndexContents contents(Database database, String vectors) {
    return new IndexContents(database.identity(), vectors, model.dimension(),
        Objects.requireNonNullElse(settings.language, Locale.ENGLISH));
  }

  private static DatabaseBuilder databaseBuilder(OrchestratorBuilder settings) {
    DatabaseBuilder builder = require(settings.database, "postgres(...)").poolSize(settings.poolSize)
        .queueBound(settings.commitQueueBound).statementTimeout(settings.statementTimeout)
        .lockTimeout(settings.lockTimeout).clock(settings.clock);
    String schema = settings.schema;
    if (schema != null) {
      builder.schema(schema);
    }
    if (settings.transactionPooling) {
      builder.transactionPooling(true);
    }
    return builder;
  }

  private OpenedStores openStores(Database database, String vectors, IndexOpener opener) {
    return openStores(database, PostgresCoreStore.open(database, vectors, model.dimension()), opener,
        settings.rebuildIndex);
  }

  private OpenedStores openStores(Database database, PostgresCoreStore core, IndexOpener opener, boolean anew) {
    VectorIndex index = opened.add(opener.open(anew));
    ConversationStore given = settings.conversations;
    return new OpenedStores(database.units(), core, new PostgresHistoryStore(database), index,
        given == null ? new PostgresConversationStore(database) : given);
  }

  /**
   * What of a memory its vector is of. An index that is there stays as it is until it is rebuilt. Where there is none, what
   * the database has vectors of needs no embedding.
   */
  private EmbeddedText embeddedText(Path directory, Database database) {
    if (settings.rebuildIndex) {
      return settings.embeddedText;
    }
    return LuceneVectorIndex.model(directory).map(name -> EmbeddedText.ofVectors(name, model.model()))
        .orElseGet(() -> embeddedText(database));
  }

  private EmbeddedText embeddedText(Database database) {
    Set<String> known = PostgresCoreStore.models(database);
    boolean older = known.contains(EmbeddedText.ACTOR_AND_CONTENT.vectors(model.model()))
        && !known.contains(EmbeddedText.CONTENT.vectors(model.model()));
    return older ? EmbeddedText.ACTOR_AND_CONTENT : settings.embeddedText;
  }

  /** The name of the vectors in an index that was given. */
  private String vectors(VectorIndex given) {
    try {
      return EmbeddedText.ofVectors(given.summary().model(), model.model()).vectors(model.model());
    } catch (StoreException e) {
      // It can't be read now. What it was opened with is what the model is called.
      return model.model();
    }
  }

  /** How the index stores vectors: as set, or as the index in the folder does. */
  private VectorType vectorType(Path directory) {
    VectorType set = settings.indexVectors;
    return set == null ? LuceneVectorIndex.vectors(directory).orElse(VectorType.FLOAT) : set;
  }

  private VectorIndex openIndex(Path directory, Locale language, VectorType type, String vectors, boolean anew) {
    if (anew) {
      LuceneVectorIndex.delete(directory);
    }
    return LuceneVectorIndex.builder(directory).model(vectors).dimension(model.dimension())
        .language(language).vectors(type).commitInterval(settings.commitInterval).clock(settings.clock).open();
  }

  private static VectorIndex refuseToReopen(boolean anew) {
    throw new StoreException("the index has failed; the application opened it and must open it again", null);
  }

  /**
   * Opens what an engine for another model needs but its index, beside an engine that serves calls.
   *
   * @param present that engine, with which this one shares the order of operations
   * @throws InvalidInputException if those are of the same model
   */
  NextEngine openNext(Engine present) {
    try {
      Database database = opened.add(databaseBuilder(settings).open());
      String vectors = embeddedText(database).vectors(model.model());
      if (vectors.equals(present.embedder.vectorName())) {
        throw new InvalidInputException("the memory has the model " + model.model() + " already");
      }
      PostgresCoreStore core = PostgresCoreStore.open(database, vectors, model.dimension());
      return new NextEngine(database, core, batching(vectors), environment(present.environment.times()));
    } catch (Throwable e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  /**
   * Opens the index of the next engine, and starts it.
   *
   * @param directory of the index; null for the shared one of the settings
   * @param present the directory of the index that it replaces, whose type of vectors it keeps; null for a shared one
   * @param stopped fails if the engine is not wanted any more, and so does this then
   */
  Handover startNext(NextEngine next, @Nullable Path directory, @Nullable Path present, Locale language,
      CompletableFuture<Void> stopped) {
    String vectors = next.embedder().vectorName();
    VectorType type = present == null ? VectorType.FLOAT : vectorType(present);
    IndexOpener opener = directory == null
        ? anew -> require(settings.sharedIndex, "sharedIndex(...)").open(contents(next.database(), vectors), anew)
        : anew -> openIndex(directory, language, type, vectors, anew);
    OpenedStores stores = openStores(next.database(), next.core(), opener, directory != null);
    return start(stores, opener, next.embedder(), next.environment(), language,
        engine -> unlessStopped(engine.startBeside(Progress.NONE), stopped));
  }

  private static <T> CompletableFuture<T> unlessStopped(CompletableFuture<T> started, CompletableFuture<Void> stopped) {
    CompletableFuture<T> either = started.copy();
    CompletableFuture<?> unused = stopped.whenComplete((done, failure) -> {
      if (failure != null) {
        either.completeExceptionally(failure);
      }
    });
    return either;
  }

  /** Closes what was opened for an engine that is not needed, after a failure. */
  void abandonNext(Throwable failure) {
    opened.closeAfter(failure);
  }

  /** The name of the embedding model. */
  String model() {
    return model.model();
  }

  private Engine openOn(OpenedStores stores, IndexOpener opener, String vectors, Locale language) {
    return openOn(stores, opener, vectors, language, engine -> engine.start(settings.progress));
  }

  private Engine openOn(OpenedStores stores, IndexOpener opener, String vectors, Locale language,
      Function<Engine, CompletableFuture<Long>> start) {
    return start(stores, opener, batching(vectors), environment(new OperationTimes(settings.clock)), language,
        engine -> start.apply(engine).thenApply(differing -> engine));
  }

  private BatchingEmbedder batching(String vectors) {
    BatchingEmbedder batching = BatchingEmbedder.builder(model).vectorName(vectors)
        .cacheBytes(settings.embeddingCacheBytes)
        .deadline(settings.embeddingDeadline).build();
    opened.add(batching::detach);
    return batching;
  }

  private Environment environment(OperationTimes times) {
    ExecutorService executor = Executors
        .newThreadPerTaskExecutor(Thread.ofVirtual().name("memlane-", 0).factory());
    opened.add(executor::shutdown);
    ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1,
        Thread.ofPlatform().daemon().name("memlane-timer").factory());
    // Nearly every alarm is cancelled long before its time.
    timer.setRemoveOnCancelPolicy(true);
    opened.add(timer::shutdownNow);
    return new Environment(executor, timer, settings.clock, new TimeOrderedIds(settings.clock), times);
  }

  private <T> T start(OpenedStores stores, IndexOpener opener, BatchingEmbedder batching, Environment environment,
      Locale language, Function<Engine, CompletableFuture<T>> start) {
    Engine engine = new Engine(stores, opener, environment, batching, settings.engineSettings(language), opened::close);
    try {
      T started = Futures.await(start.apply(engine));
      // From now on, what was given belongs to the orchestrator.
      opened.takeOver(batching);
      return started;
    } catch (Throwable e) {
      abandonAfter(engine, e);
      throw e;
    }
  }

  /** Stops what the engine has begun, such as reopening a failed index, and closes what was opened for it. */
  private static void abandonAfter(Engine engine, Throwable failure) {
    try {
      engine.abandon();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private static <T> T require(@Nullable T value, String method) {
    if (value == null) {
      throw new InvalidInputException("the builder needs " + method + " before open()");
    }
    return value;
  }
}
