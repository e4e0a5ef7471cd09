package dev.memlane.orchestrator.internal.follow;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.EmbeddingException;
import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.Stores;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * The failures of one run over many memories: which of them concern a single memory, and how many there have been.
 *
 * <p>
 * A memory may fail for a reason of its own: the embedder refuses its text, the index refuses its document, or its lock is
 * held for too long. Such a memory is queued in the background and holds up no other. Any other failure fails the whole
 * run, and so does a memory beyond the first {@value #LIMIT}: then the reason is not the memories'. Safe for use by several
 * threads.
 */
final class FollowFailures {

  private static final int LIMIT = 100;

  private final Stores stores;
  private final BackgroundFollower background;

  @GuardedBy("this")
  private int count;

  @GuardedBy("this")
  private @Nullable Throwable last;

  FollowFailures(Stores stores, BackgroundFollower background) {
    this.stores = stores;
    this.background = background;
  }

  /** The result of following one memory: its own failure is queued in the background, any other is passed on. */
  CompletableFuture<@Nullable Void> tolerate(MemoryId memory, CompletableFuture<?> followed) {
    return followed.handle((done, failure) -> {
      if (failure != null) {
        add(memory, Futures.unwrap(failure));
      }
      return null;
    });
  }

  private void add(MemoryId memory, Throwable failure) {
    if (!concernsOneMemory(failure)) {
      throw new CompletionException(failure);
    }
    if (increment(failure) > LIMIT) {
      throw new StoreException(
          "more than " + LIMIT + " memories could not be put into the index: " + failure.getMessage(), failure);
    }
    background.follow(memory, failure);
  }

  private boolean concernsOneMemory(Throwable failure) {
    return failure instanceof EmbeddingException || failure instanceof MissingVectorException
        || failure instanceof MemoryLocks.LockTimeoutException
        || failure instanceof RefusedDocumentException && stores.index().unguarded().failure() == null;
  }

  private synchronized int increment(Throwable failure) {
    last = failure;
    return ++count;
  }

  /** The last memory's failure; null if none has failed. */
  synchronized @Nullable Throwable last() {
    return last;
  }
}
