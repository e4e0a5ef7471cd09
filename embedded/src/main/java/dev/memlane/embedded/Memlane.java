package dev.memlane.embedded;

import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.EmbedderPool;
import dev.memlane.embedding.local.LocalEmbedder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.orchestrator.OrchestratorBuilder;
import dev.memlane.orchestrator.Progress;
import dev.memlane.model.StoreException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
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
 * One process owns the directory at a time. What is stored survives restarts and crashes; the files are readable by their
 * owner only. If the process ends without closing it, a shutdown hook does, unless it is left out; a killed process leaves its server running,
 * and the next opening stops that first. Safe for use by several threads.
 */
public final class Memlane implements AutoCloseable {

  private final Path directory;
  private final MemoryOrchestrator memory;
  private final Deque<AutoCloseable> opened;
  private final @Nullable Thread hook;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Memlane(Path directory, MemoryOrchestrator memory, Deque<AutoCloseable> opened, boolean closeWithJvm) {
    this.directory = directory;
    this.memory = memory;
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

  /** What stores and finds. */
  public MemoryOrchestrator memory() {
    return memory;
  }

  /** The same, for callers that wait. */
  public BlockingMemory blocking() {
    return memory.blocking();
  }

  public Path directory() {
    return directory;
  }

  /** Ends the writes under way, closes the stores, stops the server and gives the directory free. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    forgetHook();
    closeAll(opened);
  }

  private void forgetHook() {
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
        "not everything could be closed cleanly; nothing that was acknowledged is "
            + "lost, and the next opening goes on from there",
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

  /** Closes everything after a failure, to which failures of closing are added. */
  private static void closeAfter(Deque<AutoCloseable> resources, Throwable failure) {
    while (!resources.isEmpty()) {
      try {
        resources.pop().close();
      } catch (Throwable e) {
        // The rest has to be closed all the same.
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

  /** Collects the settings. Not safe for use by several threads. */
  public static final class Builder {

    private final Path directory;
    private @Nullable Embedder embedder;
    private @Nullable EmbedderPool embedderPool;
    private @Nullable Consumer<OrchestratorBuilder> server;
    private boolean shutdownHook = true;
    private boolean warmUp = true;
    private boolean rebuildIndex;
    private Progress progress = Progress.NONE;
    private Consumer<OrchestratorBuilder> settings = builder -> {};

    private Builder(Path directory) {
      this.directory = directory;
    }

    /** What makes vectors of texts, instead of the local model. Closed with this. */
    public Builder embedder(@Nullable Embedder embedder) {
      this.embedder = embedder;
      this.embedderPool = null;
      return this;
    }

    /** What makes vectors of texts, instead of the local model: several keys, deployments or servers. Closed with this. */
    public Builder embedders(EmbedderPool pool) {
      this.embedderPool = pool;
      this.embedder = null;
      return this;
    }

    /**
     * Uses this PostgreSQL, 15 or later, instead of the embedded one; the directory then holds the index only.
     *
     * @param url such as {@code jdbc:postgresql://localhost:5432/memlane} or
     * {@code postgresql://user:password@localhost/memlane}; user and password may be in it, percent-encoded
     * @throws InvalidInputException if the URL has another form; the message doesn't repeat it
     */
    public Builder postgres(String url, @Nullable String user, @Nullable String password) {
      // Read it now, so that the mistake shows here.
      MemoryOrchestrator.builder().postgres(url, user, password);
      this.server = builder -> builder.postgres(url, user, password);
      return this;
    }

    /** The same, by connections of the application's own pool; see {@link OrchestratorBuilder#postgres(DataSource)}. */
    public Builder postgres(DataSource source) {
      this.server = builder -> builder.postgres(source);
      return this;
    }

    /**
     * Whether the end of the JVM closes this, true by default. An application that closes it by itself, in an order of its
     * own, says false: the JVM runs all shutdown hooks at once, so this one would refuse what a request under way still
     * writes. If nothing closes it then, an embedded server is left running, and is stopped by the next opening.
     */
    public Builder shutdownHook(boolean shutdownHook) {
      this.shutdownHook = shutdownHook;
      return this;
    }

    /**
     * Whether to load the local model in the background while this is opened, which is the default, so that the first memory
     * doesn't wait for it; without, it is loaded when the first text needs it. Another embedder is left alone.
     */
    public Builder warmUp(boolean warmUp) {
      this.warmUp = warmUp;
      return this;
    }

    /** Whether to throw the index away first and make it again from the database, with the embedder's model. */
    public Builder rebuildIndex(boolean rebuildIndex) {
      this.rebuildIndex = rebuildIndex;
      return this;
    }

    /** Is told how far the comparison of the index with the database has come while opening. */
    public Builder progress(Progress progress) {
      this.progress = progress;
      return this;
    }

    /**
     * Sets what else the orchestrator can be told: deadlines, bounds, how many connections. The database is this builder's to
     * name.
     */
    public Builder settings(Consumer<OrchestratorBuilder> settings) {
      this.settings = settings;
      return this;
    }

    /**
     * Opens the directory; see {@link Memlane#open}. If it fails, by whatever exception or error, all that it has opened is closed
     * again and the embedder that was given stays open, so it may be called again; if it succeeds, that embedder is closed with
     * what is returned.
     *
     * @throws MemlaneException if something can't be opened; the message says what, and what to do
     */
    public Memlane open() {
      Deque<AutoCloseable> opened = new ArrayDeque<>();
      try {
        DirectoryLock lock = DirectoryLock.acquire(directory);
        opened.push(lock);
        OrchestratorBuilder builder = MemoryOrchestrator.builder()
            .indexDirectory(lock.directory().resolve("vectors")).rebuildIndex(rebuildIndex).progress(progress);
        if (server == null) {
          // Nobody else has this server's password, so there is nobody to follow.
          builder.followEvery(Duration.ZERO);
        } else {
          server.accept(builder);
        }
        if (embedder != null) {
          builder.embedder(embedder);
        } else if (embedderPool != null) {
          builder.embedders(embedderPool);
        }
        settings.accept(builder);
        if (!builder.hasEmbedder()) {
          builder.embedder(localModel(opened));
        }
        if (server == null) {
          Path home = lock.directory().resolve("postgres");
          EmbeddedServer embedded = EmbeddedServer.start(lock,
              PostgresBinaries.caches(System.getenv(), System.getProperty("user.home"), home), false);
          opened.push(embedded);
          ServerAddress address = embedded.address();
          builder.postgres(address.jdbcUrl(), address.user(), address.password());
        }
        MemoryOrchestrator memory = builder.open();
        opened.push(memory);
        return new Memlane(lock.directory(), memory, opened, shutdownHook);
      } catch (Throwable e) {
        // Also errors: they must not leave a server, connections and the directory's lock behind.
        closeAfter(opened, e);
        throw e;
      }
    }

    /** The local model, which begins to load while the server starts. */
    private LocalEmbedder localModel(Deque<AutoCloseable> opened) {
      LocalEmbedder local = new LocalEmbedder();
      opened.push(local);
      if (warmUp) {
        // The embedder logs it if the model can't be loaded, and the first text fails with the reason.
        CompletableFuture<Void> unused = local.warmUp();
      }
      return local;
    }
  }
}
