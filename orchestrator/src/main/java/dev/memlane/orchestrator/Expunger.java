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
 * and so needs no mark of how far it got. In the background, one expunging is under way at a time, and a {@link RetryLoop}
 * tries it until it is done. Safe for use by several threads.
 */
final class Expunger {

  private static final int PAGE = 10_000;
  /** Of a large index every segment may have to be rewritten, with its graph. */
  private static final Duration PATIENCE = Duration.ofHours(1);

  private final Stores stores;
  private final Environment environment;
  private final BatchingEmbedder embedder;
  private final RetryLoop loop;

  // Guarded by this.
  private boolean underWay;
  private boolean again;
  private boolean closed;

  Expunger(Stores stores, Environment environment, BatchingEmbedder embedder) {
    this.stores = stores;
    this.environment = environment;
    this.embedder = embedder;
    this.loop = new RetryLoop("removing erased memories from the index's files", environment);
  }

  BackgroundWork status() {
    return loop.status();
  }

  /** Lets go of what has been removed until now; fails if the index could not. */
  CompletableFuture<Void> expunge() {
    embedder.clearCache();
    return CompletableFuture.completedFuture(stores.index())
        .thenCompose(index -> environment.until(environment.now().plus(PATIENCE), index.expunge()))
        .exceptionallyCompose(failure -> CompletableFuture.failedFuture(new StoreException(
            "the memories are erased, and the index's files still hold what was removed; erase again: "
                + Futures.unwrap(failure).getMessage(),
            Futures.unwrap(failure))));
  }

  /** The same, sooner or later. */
  void expungeInBackground() {
    synchronized (this) {
      if (closed || underWay) {
        again = true;
        return;
      }
      underWay = true;
    }
    loop.begin(() -> expunge().thenApply(done -> ended() ? RetryLoop.Next.AGAIN : RetryLoop.Next.DONE));
  }

  /** Whether it was asked for again meanwhile. */
  private synchronized boolean ended() {
    boolean more = again && !closed;
    again = false;
    underWay = more;
    return more;
  }

  /** Looks, behind, whether the index's files hold removed documents of an erased memory, and lets go of them then. */
  void checkFilesInBackground() {
    loop.begin(() -> holdsErased(null).thenApply(held -> {
      if (held) {
        expungeInBackground();
      }
      return RetryLoop.Next.DONE;
    }));
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

  /** Stops trying. What is left is found at the next opening. */
  void close() {
    synchronized (this) {
      closed = true;
    }
    loop.close();
  }
}
