package dev.memlane.testing;

import dev.memlane.model.store.SharedIndex;
import dev.memlane.model.store.VectorIndex;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a {@link MemoryDoorContract} takes place: a database without rows, a directory, and an index that fails on request.
 * Used by one test, on one thread.
 */
public final class DoorStage {

  private final Path directory;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private @Nullable FaultInjector<? extends VectorIndex> index;
  /** Where the index has its files. */
  private Path files;
  private @Nullable String databaseUrl;

  DoorStage(Path directory) {
    this.directory = directory;
    this.files = directory;
  }

  /** The JDBC URL of an empty database, with user and password in it. */
  public String databaseUrl() {
    return databaseUrl("");
  }

  /**
   * The JDBC URL of a database without rows, with user and password in it. The first call creates the database.
   *
   * @param tables the SQL that creates its tables; see {@link TestServer#freshDatabase(String)}
   */
  public String databaseUrl(String tables) {
    String url = databaseUrl;
    if (url == null) {
      url = tables.isEmpty() ? TestServer.freshDatabase() : TestServer.freshDatabase(tables);
      databaseUrl = url;
    }
    return url;
  }

  /** An empty directory, for the index. */
  public Path directory() {
    return directory;
  }

  /** Wraps the door's index, so that the contract can make it fail. The memory behind the door must use what this returns. */
  public VectorIndex faulty(VectorIndex real) {
    FaultInjector<VectorIndex> injector = FaultInjector.around(VectorIndex.class, real);
    index = injector;
    return injector.store();
  }

  /**
   * Wraps the door's index, as {@link #faulty(VectorIndex)} does, if it is one that processes share.
   *
   * @param directory where the index has its files
   */
  public SharedIndex faulty(SharedIndex real, Path directory) {
    FaultInjector<SharedIndex> injector = FaultInjector.around(SharedIndex.class, real);
    index = injector;
    files = directory;
    return injector.store();
  }

  /** Closes this resource at the end of the test. What was added last is closed first. */
  public <T extends AutoCloseable> T closing(T resource) {
    opened.push(resource);
    return resource;
  }

  /** The faults of the index. */
  FaultInjector<? extends VectorIndex> index() {
    FaultInjector<? extends VectorIndex> injector = index;
    if (injector == null) {
      throw new IllegalStateException("the door's memory has no faulty index: pass its index through faulty(...), or "
          + "declare which promises this door cannot show");
    }
    return injector;
  }

  /** Whether a table of the database holds this text, in a column of any type. */
  boolean databaseHolds(String text) {
    try {
      return !Traces.inTables(Objects.requireNonNull(databaseUrl), text).isEmpty();
    } catch (SQLException e) {
      throw new IllegalStateException("the database of the test can't be read", e);
    }
  }

  /** Whether a file of the index holds this text. */
  boolean filesHold(String text) {
    return !Traces.inFiles(files, text).isEmpty();
  }

  void close() throws Exception {
    Exception failure = null;
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        // The remaining resources must be closed as well.
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
