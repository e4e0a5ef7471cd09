package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Makes the index follow core for single memories behind: those that could not be followed at once.
 *
 * <p>
 * Each is tried until it agrees, by a {@link RetryLoop}. One that can't be followed, because the embedder refuses its text or the index its document, holds up no other, and is listed with the
 * reason. Whoever hands over many at once bounds their number.
 *
 * <p>
 * Invariant: a memory is in the map exactly while it is being tried, by one try after the other. Safe for use by several
 * threads.
 */
final class BackgroundFollower {

  private final IndexFollower follower;
  private final Environment environment;
  private final RetryLoop loop;

  // Guarded by this.
  private final Map<MemoryId, State> following = new LinkedHashMap<>();
  private CompletableFuture<Void> idle = CompletableFuture.completedFuture(null);
  private boolean closed;

  /** How it stands with a memory. */
  private static final class State {
    /** Whether it was asked for again since the try under way began, which may have read its row before. */
    boolean again;
    /** Why the last try failed. */
    @Nullable
    String problem;
  }

  BackgroundFollower(IndexFollower follower, Environment environment) {
    this.follower = follower;
    this.environment = environment;
    this.loop = new RetryLoop("indexing single memories", environment);
  }

  BackgroundWork status() {
    return loop.status();
  }

  /**
   * Makes the index follow core for this memory, sooner or later.
   *
   * @param failure why it could not be followed at once, if that was tried
   */
  void follow(MemoryId memory, @Nullable Throwable failure) {
    synchronized (this) {
      if (closed) {
        return;
      }
      if (following.isEmpty()) {
        idle = new CompletableFuture<>();
      }
      State state = following.get(memory);
      if (state != null) {
        state.again = true;
        return;
      }
      State begun = new State();
      begun.problem = failure == null ? null : message(failure);
      following.put(memory, begun);
    }
    environment.executor().execute(() -> loop.begin(() -> attempt(memory)));
  }

  private CompletableFuture<RetryLoop.Next> attempt(MemoryId memory) {
    return CompletableFuture.completedFuture(memory).thenCompose(follower::follow).handle((done, failure) -> {
      if (failure != null) {
        note(memory, failure);
        throw new CompletionException(Futures.unwrap(failure));
      }
      return agrees(memory);
    });
  }

  private synchronized void note(MemoryId memory, Throwable failure) {
    State state = following.get(memory);
    if (state != null) {
      state.problem = message(failure);
    }
  }

  private RetryLoop.Next agrees(MemoryId memory) {
    CompletableFuture<Void> told;
    synchronized (this) {
      State state = following.get(memory);
      if (closed || state == null) {
        return RetryLoop.Next.DONE;
      }
      if (state.again) {
        state.again = false;
        return RetryLoop.Next.AGAIN;
      }
      following.remove(memory);
      told = following.isEmpty() ? idle : CompletableFuture.completedFuture(null);
    }
    told.complete(null);
    return RetryLoop.Next.DONE;
  }

  private static String message(Throwable failure) {
    Throwable cause = Futures.unwrap(failure);
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }

  /** The memories that the index could not be made to agree about yet, and why; oldest first. */
  synchronized List<Unindexed> unindexed() {
    return following.entrySet().stream().filter(entry -> entry.getValue().problem != null)
        .map(entry -> new Unindexed(entry.getKey(), String.valueOf(entry.getValue().problem))).toList();
  }

  /** Why the index could not be made to agree about a memory; null if that isn't known of it. */
  synchronized @Nullable String problem(MemoryId memory) {
    State state = following.get(memory);
    return state == null ? null : state.problem;
  }

  /** Completes when no memory is left to follow; fails if this is closed before. */
  synchronized CompletableFuture<Void> followed() {
    return idle;
  }

  /** Stops trying. What is left is found by the comparison at the next opening. */
  void close() {
    loop.close();
    CompletableFuture<Void> told;
    synchronized (this) {
      closed = true;
      following.clear();
      told = idle;
    }
    told.completeExceptionally(
        new StoreException("closed before the index agreed about every memory; the next opening compares it", null));
  }
}
