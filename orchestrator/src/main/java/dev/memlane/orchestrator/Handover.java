package dev.memlane.orchestrator;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.orchestrator.internal.follow.LogFollower;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The handing over of calls to the next engine: it makes that engine's index follow what was just written, once for all
 * writes that wait. Safe for use by several threads.
 */
final class Handover {

  private final Engine engine;
  private final LogFollower follower;

  @GuardedBy("this")
  private @Nullable CompletableFuture<Void> running;
  /** What begins when {@link #running} has ended; null if nothing waits. */
  @GuardedBy("this")
  private @Nullable CompletableFuture<Void> next;

  /**
   * @param engine the next one, which has been started
   * @param follower of its index
   */
  Handover(Engine engine, LogFollower follower) {
    this.engine = engine;
    this.follower = follower;
  }

  Engine engine() {
    return engine;
  }

  /**
   * Makes the next engine's index follow everything that was committed before this call.
   *
   * @return fails if the log or core can't be read, or the index can't be written
   */
  CompletableFuture<Void> followNow() {
    CompletableFuture<Void> begun;
    synchronized (this) {
      if (running != null) {
        // What runs may have read the log already.
        if (next == null) {
          next = new CompletableFuture<>();
        }
        return next.copy();
      }
      begun = new CompletableFuture<>();
      running = begun;
    }
    run(begun);
    return begun.copy();
  }

  private void run(CompletableFuture<Void> result) {
    engine.environment.whenDone(follower.follow(), (done, failure) -> {
      CompletableFuture<Void> following;
      synchronized (this) {
        following = next;
        running = following;
        next = null;
      }
      if (following != null) {
        run(following);
      }
      if (failure == null) {
        result.complete(null);
      } else {
        result.completeExceptionally(failure);
      }
    });
  }
}
