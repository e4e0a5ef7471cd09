package dev.memlane.storage.postgres;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;

/**
 * A connection of its holder's own. Once it has broken, every read on it fails: it is never replaced by another.
 *
 * <p>
 * One read at a time; not safe for use by several threads at once.
 */
public final class DedicatedConnection implements AutoCloseable {

  private final Handle handle;
  private final Executor executor;

  DedicatedConnection(Handle handle, Executor executor) {
    this.handle = handle;
    this.executor = executor;
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
        return read.withHandle(handle);
      } catch (RuntimeException e) {
        throw SqlFailures.explain(what, e);
      }
    }, executor);
  }

  @Override
  public void close() {
    handle.close();
  }
}
