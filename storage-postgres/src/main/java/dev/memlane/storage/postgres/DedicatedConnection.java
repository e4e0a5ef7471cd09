package dev.memlane.storage.postgres;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jspecify.annotations.Nullable;

/**
 * A connection of its holder's own. Once it has broken, every read on it fails; it is never replaced.
 *
 * <p>
 * Where connections belong to an application or to a pooler, there are no such connections. Each read then uses one of
 * theirs, and the holder must find out for itself whether the same run of the server still answers.
 *
 * <p>
 * One read at a time; not safe for use by several threads at once.
 */
public final class DedicatedConnection implements AutoCloseable {

  private final @Nullable Handle handle;
  private final Reads reads;
  private final Executor executor;

  DedicatedConnection(Handle handle, Executor executor) {
    this.handle = handle;
    this.executor = executor;
    this.reads = new Reads() {
      @Override
      public <T> T read(HandleCallback<T, RuntimeException> read) {
        return read.withHandle(handle);
      }
    };
  }

  /**
   * @param reads uses another connection for each read
   */
  DedicatedConnection(Reads reads, Executor executor) {
    this.handle = null;
    this.reads = reads;
    this.executor = executor;
  }

  /** Reads in this thread. */
  interface Reads {
    <T> T read(HandleCallback<T, RuntimeException> read);
  }

  /**
   * Reads on a thread of the database's own.
   *
   * @param what for a message: "following the history"
   * @return fails with a {@link dev.memlane.model.StoreException}
   */
  public <T> CompletableFuture<T> read(String what, HandleCallback<T, RuntimeException> read) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return reads.read(read);
      } catch (RuntimeException e) {
        throw SqlFailures.explain(what, e);
      }
    }, executor);
  }

  @Override
  public void close() {
    if (handle != null) {
      handle.close();
    }
  }
}
