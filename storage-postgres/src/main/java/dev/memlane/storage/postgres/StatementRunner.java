package dev.memlane.storage.postgres;

import dev.memlane.model.StoreException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.ConnectionFactory;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/**
 * The runner of all statements outside of units, on the connections for reads. Safe for use by several threads.
 *
 * <p>
 * It runs at most as many callbacks at once as there are connections; the others wait in order. A restart of the server
 * breaks every pooled connection, and each is found broken only by its next use, so a callback whose connection broke
 * runs again on another one. Callbacks must therefore be repeatable.
 */
final class StatementRunner {

  private final Jdbi jdbi;
  /** A statement that begins each transaction, where connections don't get their settings when they start; or null. */
  private final @Nullable String preamble;
  private final int connections;
  private final Semaphore permits;
  private final Duration patience;

  /**
   * @param connections the number of connections
   * @param patience how long a callback waits for a connection
   */
  StatementRunner(ConnectionFactory source, @Nullable String preamble, int connections, Duration patience) {
    this.jdbi = Jdbi.create(source);
    this.jdbi.registerArgument(new InstantArguments());
    this.preamble = preamble;
    this.connections = connections;
    this.permits = new Semaphore(connections, true);
    this.patience = patience;
  }

  /**
   * Runs a callback in this thread.
   *
   * @param what for a message: "reading memories"
   * @throws StoreException if no connection becomes free in time, or a statement fails
   */
  <T> T run(String what, HandleCallback<T, RuntimeException> callback) {
    boolean permitted = false;
    try {
      permitted = permits.tryAcquire(patience.toMillis(), TimeUnit.MILLISECONDS);
      if (!permitted) {
        throw new StoreException(what + ": no connection became free within " + patience.toMillis()
            + " ms because too many reads run at once; ask for less at once or raise the pool size", null);
      }
      return runOnUsableConnection(callback);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException(what + ": interrupted", e);
    } catch (StoreException e) {
      throw e;
    } catch (RuntimeException e) {
      throw SqlFailures.explain(what, e);
    } finally {
      if (permitted) {
        permits.release();
      }
    }
  }

  /**
   * Runs a callback without a permit, again if its connection breaks. Failures are not translated; failures of tries
   * before are suppressed onto the last one.
   */
  <T> T runOnUsableConnection(HandleCallback<T, RuntimeException> callback) {
    JdbiException before = null;
    for (int triesLeft = connections;; triesLeft--) {
      try {
        return runOnce(callback);
      } catch (JdbiException e) {
        if (before != null) {
          e.addSuppressed(before);
        }
        // The pool has already waited where it had no connection at all, so trying again would only wait longer.
        if (triesLeft == 0 || e instanceof ConnectionException || !SqlFailures.isBrokenConnection(e)) {
          throw e;
        }
        before = e;
      }
    }
  }

  /** Runs a callback once, without a permit. Failures are not translated. */
  <T> T runOnce(HandleCallback<T, RuntimeException> callback) {
    return preamble == null ? jdbi.withHandle(callback) : jdbi.inTransaction(handle -> {
      handle.execute(preamble);
      return callback.withHandle(handle);
    });
  }
}
