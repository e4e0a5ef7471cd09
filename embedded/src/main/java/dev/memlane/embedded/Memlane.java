package dev.memlane.embedded;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.local.LocalEmbedder;
import dev.memlane.embedding.local.LocalModel;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.StoreException;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.model.store.SharedIndexOpener;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.OrchestratorBuilder;
import dev.memlane.orchestrator.Progress;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A memory with everything it needs in one directory: a PostgreSQL server, the index, and a sentence model inside the
 * process.
 *
 * <pre>{@code
 * try (Memlane memlane = Memlane.open(Path.of("memlane-data"))) {
 *   memlane.memory().addMemory(NewMemory.of("Ada plays the oboe", Scope.user("ada"))).join();
 * }
 * }</pre>
 *
 * <p>
 * One process owns the directory at a time. Stored memories survive restarts and crashes. The files are readable by
 * their owner only. If the process ends without closing the memory, a shutdown hook closes it, unless that was switched
 * off. A killed process leaves its server running; the next opening stops it first. Safe for use by several threads.
 */
public final class Memlane implements AutoCloseable {

  private final Path directory;
  private final MemoryOrchestrator memory;
  private final Supplier<DatabaseBuilder> database;
  private final Deque<AutoCloseable> opened;
  private final @Nullable Thread hook;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Memlane(Path directory, MemoryOrchestrator memory, Supplier<DatabaseBuilder> database,
      Deque<AutoCloseable> opened, boolean closeWithJvm) {
    this.directory = directory;
    this.memory = memory;
    this.database = database;
    this.opened = opened;
    this.hook = closeWithJvm ? new Thread(this::closeQuietly, "memlane-shutdown") : null;
    if (hook != null) {
      Runtime.getRuntime().addShutdownHook(hook);
    }
  }

  /**
   * Opens the directory, which is created if it is missing.
   *
   * @throws DirectoryInUseException if another process has it open
   * @throws MemlaneException if something can't be opened; the message says what, and what to do
   */
  public static Memlane open(Path directory) {
    return builder(directory).open();
  }

  public static Builder builder(Path directory) {
    return new Builder(directory);
  }

  /** The memory, with asynchronous calls. */
  public MemoryOrchestrator memory() {
    return memory;
  }

  /** The same memory, with blocking calls. */
  public BlockingMemory blocking() {
    return memory.blocking();
  }

  /**
   * Begins to open more connections to the memory's database, for what else is kept there, such as tasks. They are closed
   * before the memory. A schema that {@link Builder#settings} names has to be named here again.
   */
  public DatabaseBuilder database() {
    return database.get();
  }

  public Path directory() {
    return directory;
  }

  /** Completes the writes under way, closes the stores, stops the server and releases the directory. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    removeHook();
    closeAll(opened);
  }

  private void removeHook() {
    if (hook == null) {
      return;
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is shutting down already, and this may be the hook itself.
    }
  }

  private void closeQuietly() {
    try {
      close();
    } catch (RuntimeException e) {
      System.getLogger(Memlane.class.getName()).log(System.Logger.Level.WARNING, "closing " + directory, e);
    }
  }

  private static void closeAll(Deque<AutoCloseable> resources) {
    StoreException failure = new StoreException(
        "not everything could be closed cleanly; no acknowledged write is lost, and the next opening continues from "
            + "there",
        null);
    closeAfter(resources, failure);
    Throwable[] reasons = failure.getSuppressed();
    if (reasons.length == 1 && reasons[0] instanceof MemlaneException only) {
      throw only;
    }
    if (reasons.length > 0) {
      throw failure;
    }
  }

  /** Closes all resources after a failure, and adds failures of closing to it. */
  private static void closeAfter(Deque<AutoCloseable> resources, Throwable failure) {
    while (!resources.isEmpty()) {
      try {
        resources.pop().close();
      } catch (Throwable e) {
        // The remaining resources must be closed as well.
        if (!failure.equals(e)) {
          failure.addSuppressed(e);
        }
      }
    }
  }

  @Override
  public String toString() {
    return "Memlane[" + directory + "]";
  }

  /** A builder. Not safe for use by several threads. */
  public static final class Builder {

    private final Path directory;
    private @Nullable Embedder embedder;
    private @Nullable EmbedderPool embedderPool;
    private LocalModel model = LocalModel.ALL_MINILM_L6_V2;
    private @Nullable Consumer<OrchestratorBuilder> server;
    private @Nullable Supplier<DatabaseBuilder> database;
    private @Nullable SharedIndexOpener sharedIndex;
    private boolean shutdownHook = true;
    private boolean warmUp = true;
    private boolean rebuildIndex;
    private Progress progress = Progress.NONE;
    private Consumer<OrchestratorBuilder> settings = builder -> {};
    private final List<MemoryListener> listeners = new ArrayList<>();

    private Builder(Path directory) {
      this.directory = directory;
    }

    /**
     * Sets the local model; all-MiniLM-L6-v2 unless set. A directory is searched with the model that filled it; another one
     * needs {@link #rebuildIndex} once. Has no effect with another embedder. Opening fails with an
     * {@link InvalidInputException} if the model is not on the class path.
     */
    public Builder model(LocalModel model) {
      this.model = model;
      return this;
    }

    /** Sets an embedder to use instead of the local model. It is closed with the memory. */
    public Builder embedder(@Nullable Embedder embedder) {
      this.embedder = embedder;
      this.embedderPool = null;
      return this;
    }

    /** Sets several keys, deployments or servers to use instead of the local model. They are closed with the memory. */
    public Builder embedders(EmbedderPool pool) {
      this.embedderPool = pool;
      this.embedder = null;
      return this;
    }

    /**
     * Uses this PostgreSQL, 15 or later, instead of the embedded one. The directory then contains only the index.
     *
     * @param url such as {@code jdbc:postgresql://localhost:5432/memlane} or
     * {@code postgresql://user:password@localhost/memlane}; user and password may be in it, percent-encoded
     * @throws InvalidInputException if the URL has another form; the message doesn't repeat the URL
     */
    public Builder postgres(String url, @Nullable String user, @Nullable String password) {
      // Parsed now, so that a mistake is reported here.
      MemoryOrchestrator.builder().postgres(url, user, password);
      this.server = builder -> builder.postgres(url, user, password);
      this.database = () -> Database.builder(url).user(user).password(password);
      return this;
    }

    /** Uses a PostgreSQL through the application's own pool; see {@link OrchestratorBuilder#postgres(DataSource)}. */
    public Builder postgres(DataSource source) {
      this.server = builder -> builder.postgres(source);
      this.database = () -> Database.builder(source);
      return this;
    }

    /**
     * Uses an index that all processes of the database share, such as one on OpenSearch, instead of one in the directory. The
     * directory then holds the embedded server alone, and next to nothing with a PostgreSQL of your own, which other
     * processes need to reach the memories. See {@link OrchestratorBuilder#sharedIndex}.
     *
     * @param sharedIndex null for an index in the directory
     */
    public Builder sharedIndex(@Nullable SharedIndexOpener sharedIndex) {
      this.sharedIndex = sharedIndex;
      return this;
    }

    /**
     * Sets whether a shutdown hook closes the memory; true unless set. The JVM runs all shutdown hooks at once, so this
     * one would refuse the last writes of requests under way. An application that closes the memory itself, after its
     * requests have ended, sets false. If nothing closes the memory then, the embedded server keeps running until the
     * next opening stops it.
     */
    public Builder shutdownHook(boolean shutdownHook) {
      this.shutdownHook = shutdownHook;
      return this;
    }

    /**
     * Sets whether to load the local model in the background while opening, so that the first memory doesn't wait for
     * it; true unless set. Otherwise, the model is loaded for the first text. Has no effect with another embedder.
     */
    public Builder warmUp(boolean warmUp) {
      this.warmUp = warmUp;
      return this;
    }

    /**
     * Sets whether to delete the index and rebuild it from the database, with the embedder's model; false unless set.
     */
    public Builder rebuildIndex(boolean rebuildIndex) {
      this.rebuildIndex = rebuildIndex;
      return this;
    }

    /** Sets a listener to the progress of comparing the index with the database while opening. */
    public Builder progress(Progress progress) {
      this.progress = progress;
      return this;
    }

    /** Adds a listener to the operations on memories and their steps, for metrics or traces. */
    public Builder listener(MemoryListener listener) {
      this.listeners.add(listener);
      return this;
    }

    /**
     * Sets further options of the orchestrator, such as deadlines, bounds and the number of connections. The database
     * is set by {@code postgres}, not here.
     */
    public Builder settings(Consumer<OrchestratorBuilder> settings) {
      this.settings = settings;
      return this;
    }

    /**
     * Opens the directory; see {@link Memlane#open}. If it fails, with any exception or error, everything that was
     * opened is closed, but the given embedder stays open, so this may be called again. If it succeeds, the embedder is
     * closed with the memory.
     *
     * @throws MemlaneException if something can't be opened; the message says what, and what to do
     */
    public Memlane open() {
      Deque<AutoCloseable> opened = new ArrayDeque<>();
      try {
        DirectoryLock lock = DirectoryLock.acquire(directory);
        opened.push(lock);
        OrchestratorBuilder builder = MemoryOrchestrator.builder().rebuildIndex(rebuildIndex).progress(progress);
        if (sharedIndex != null) {
          builder.sharedIndex(sharedIndex);
        } else {
          builder.indexDirectory(lock.directory().resolve("vectors"));
        }
        if (server != null) {
          server.accept(builder);
        } else if (sharedIndex == null) {
          // Only this process has the server's password, so there are no other writers to follow.
          builder.followEvery(Duration.ZERO);
        }
        if (embedder != null) {
          builder.embedder(embedder);
        } else if (embedderPool != null) {
          builder.embedders(embedderPool);
        }
        listeners.forEach(builder::listener);
        settings.accept(builder);
        if (!builder.hasEmbedder()) {
          builder.embedder(localModel(opened));
        }
        Supplier<DatabaseBuilder> connections = database;
        if (connections == null) {
          Path home = lock.directory().resolve("postgres");
          EmbeddedServer embedded = EmbeddedServer.start(lock,
              PostgresBinaries.caches(System.getenv(), System.getProperty("user.home"), home), false);
          opened.push(embedded);
          ServerAddress address = embedded.address();
          builder.postgres(address.jdbcUrl(), address.user(), address.password());
          connections = () -> Database.builder(address.jdbcUrl()).user(address.user()).password(address.password());
        }
        MemoryOrchestrator memory = builder.open();
        opened.push(memory);
        return new Memlane(lock.directory(), memory, connections, opened, shutdownHook);
      } catch (Throwable e) {
        // Errors too: they must not leave a server, connections and the directory's lock open.
        closeAfter(opened, e);
        throw e;
      }
    }

    /** Creates the local model, which loads while the server starts. */
    private LocalEmbedder localModel(Deque<AutoCloseable> opened) {
      LocalEmbedder local = new LocalEmbedder(model);
      opened.push(local);
      if (warmUp) {
        // If the model can't be loaded, the embedder logs it, and the first text fails with the reason.
        CompletableFuture<Void> unused = local.warmUp();
      }
      return local;
    }
  }
}
