package dev.memlane.orchestrator.internal.follow;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.embedding.BatchingEmbedder;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.BackgroundWork;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.RetryLoop;
import dev.memlane.orchestrator.internal.Stores;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The remover of erased memories from what this process keeps besides the stores: the embedder's cache, and the index's
 * files, which keep removed documents until they are rewritten. It serves erasures by this process and by others.
 *
 * <p>
 * After the index was compared with core, its files are checked for removed documents of erased memories. A process that
 * was down or was killed may have left such documents. The check asks the log and the files themselves, so no mark of
 * progress is needed. In the background, one expunge is under way at a time, and a {@link RetryLoop} tries it until it
 * succeeds. Safe for use by several threads.
 */
public final class Expunger {

  private static final int PAGE = 10_000;
  /** For a large index, every segment may have to be rewritten, with its graph. */
  private static final Duration PATIENCE = Duration.ofHours(1);

  private final Stores stores;
  private final Environment environment;
  private final BatchingEmbedder embedder;
  private final RetryLoop loop;

  @GuardedBy("this")
  private boolean underWay;

  /** Whether another expunge was requested while one was under way. */
  @GuardedBy("this")
  private boolean again;

  @GuardedBy("this")
  private boolean closed;

  public Expunger(Stores stores, Environment environment, BatchingEmbedder embedder) {
    this.stores = stores;
    this.environment = environment;
    this.embedder = embedder;
    this.loop = new RetryLoop("removing erased memories from the index's files", environment);
  }

  public BackgroundWork status() {
    return loop.status();
  }

  /** Expunges what has been removed until now. Fails if the index could not rewrite its files. */
  public CompletableFuture<Void> expunge() {
    embedder.clearCache();
    return CompletableFuture.completedFuture(stores.index())
        .thenCompose(index -> environment.until(environment.now().plus(PATIENCE), index.expunge()))
        .exceptionallyCompose(failure -> CompletableFuture.failedFuture(new StoreException(
            "the memories are erased, and the index's files still hold what was removed; erase again: "
                + Futures.unwrap(failure).getMessage(),
            Futures.unwrap(failure))));
  }

  /** Expunges in the background. */
  void expungeInBackground() {
    synchronized (this) {
      if (closed || underWay) {
        again = true;
        return;
      }
      underWay = true;
    }
    loop.begin(() -> expunge().thenApply(done -> endAndCheckAgain() ? RetryLoop.Next.AGAIN : RetryLoop.Next.DONE));
  }

  /** Ends an expunge. Returns whether another was requested meanwhile and begins now. */
  private synchronized boolean endAndCheckAgain() {
    boolean more = again && !closed;
    again = false;
    underWay = more;
    return more;
  }

  /** Checks in the background whether the index's files hold removed documents of an erased memory; expunges if so. */
  public void checkFilesInBackground() {
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

  /** Stops trying. The check at the next opening finds what is left. */
  public void close() {
    synchronized (this) {
      closed = true;
    }
    loop.close();
  }
}
