package dev.memlane.orchestrator;

import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Makes this process let go of what was erased, here or elsewhere: the embedder's cache, and the index's files, which keep
 * what was removed until they are rewritten.
 *
 * <p>
 * After an index was compared with core it is looked whether its files still hold removed documents of an erased memory:
 * those of a process that was down or was killed in between. That is asked of the log and of the files themselves,
 * and so needs no mark of how far it got. Behind, one expunging is under way at a time, and it is tried until it is done;
 * tries are spaced by a pause that doubles, up to half a minute. Safe for use by several threads.
 */
final class Expunging {

  private static final System.Logger LOGGER = System.getLogger(Expunging.class.getName());
  private static final int PAGE = 10_000;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  /** Of a large index every segment may have to be rewritten, with its graph. */
  private static final Duration PATIENCE = Duration.ofHours(1);

  private final Stores stores;
  private final Environment environment;
  private final BatchingEmbedder embedder;

  // Guarded by this.
  private boolean underWay;
  private boolean again;
  private boolean closed;

  Expunging(Stores stores, Environment environment, BatchingEmbedder embedder) {
    this.stores = stores;
    this.environment = environment;
    this.embedder = embedder;
  }

  /** Lets go of what has been removed until now; fails if the index could not. */
  CompletableFuture<Void> expunge() {
    embedder.forget();
    return CompletableFuture.completedFuture(stores.index())
        .thenCompose(index -> environment.until(environment.now().plus(PATIENCE), index.expunge()))
        .exceptionallyCompose(failure -> CompletableFuture.failedFuture(new StoreException(
            "the memories are erased, and the index's files still hold what was removed; erase again: "
                + Outcomes.unwrap(failure).getMessage(),
            Outcomes.unwrap(failure))));
  }

  /** The same, sooner or later. */
  void expungeBehind() {
    synchronized (this) {
      if (closed || underWay) {
        again = true;
        return;
      }
      underWay = true;
    }
    attempt(FIRST_PAUSE);
  }

  private void attempt(Duration pause) {
    environment.whenDone(expunge(), (done, failure) -> {
      if (failure != null) {
        retry(failure, pause, () -> attempt(Backoff.after(pause)));
      } else if (ended()) {
        attempt(FIRST_PAUSE);
      }
    });
  }

  /** Whether it was asked for again meanwhile. */
  private synchronized boolean ended() {
    boolean more = again && !closed;
    again = false;
    underWay = more;
    return more;
  }

  /** Looks, behind, whether the index's files hold removed documents of an erased memory, and lets go of them then. */
  void lookBehind() {
    look(FIRST_PAUSE);
  }

  private void look(Duration pause) {
    environment.whenDone(holdsErased(null), (held, failure) -> {
      if (failure != null) {
        retry(failure, pause, () -> look(Backoff.after(pause)));
      } else if (held) {
        expungeBehind();
      }
    });
  }

  private CompletableFuture<Boolean> holdsErased(@Nullable MemoryId after) {
    return CompletableFuture.completedFuture(stores.history()).thenCompose(history -> history.erased(after, PAGE))
        .thenComposeAsync(erased -> {
          if (erased.isEmpty()) {
            return CompletableFuture.completedFuture(false);
          }
          return stores.index().holdsRemoved(erased).thenComposeAsync(held -> held || erased.size() < PAGE
              ? CompletableFuture.completedFuture(held)
              : holdsErased(erased.getLast()), environment.executor());
        }, environment.executor());
  }

  private void retry(Throwable failure, Duration pause, Runnable task) {
    synchronized (this) {
      if (closed) {
        return;
      }
    }
    LOGGER.log(System.Logger.Level.WARNING, "what was erased is not out of the index''s files yet; trying again: {0}",
        String.valueOf(Outcomes.unwrap(failure).getMessage()));
    environment.later(pause, task);
  }

  /** Stops trying. What is left is found at the next opening. */
  synchronized void close() {
    closed = true;
  }
}
