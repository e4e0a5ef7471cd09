package dev.memlane.orchestrator.internal.follow;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.model.MemoryId;
import dev.memlane.orchestrator.BackgroundWork;
import dev.memlane.orchestrator.Unindexed;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.IdleSignal;
import dev.memlane.orchestrator.internal.RetryLoop;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The queue of single memories that the index does not follow yet, processed in the background.
 *
 * <p>
 * A memory is queued when it could not be followed at once: the embedder refused its text, the index refused its document,
 * another operation held its lock during a comparison, or its put had no answer by its deadline. In the last two cases the
 * put may leave a document that core no longer has, after the memory was found to agree. A {@link RetryLoop} tries each
 * memory until it agrees. A memory that keeps failing holds up no other and is listed with the reason. Callers that queue
 * many memories at once bound their number.
 *
 * <p>
 * Invariant: a memory is in the map exactly while it is being tried, by one try after the other. Safe for use by several
 * threads.
 */
public final class BackgroundFollower {

  private final Function<MemoryId, CompletableFuture<Void>> follow;
  private final Environment environment;
  private final RetryLoop loop;
  private final IdleSignal idle = new IdleSignal();

  @GuardedBy("this")
  private final Map<MemoryId, State> following = new LinkedHashMap<>();

  @GuardedBy("this")
  private boolean closed;

  /** The state of a queued memory. Guarded by the queue's lock. */
  private static final class State {
    /** Whether the memory was queued again since the present try began, which may have read its row before. */
    boolean again;
    /** Why the last try failed. */
    @Nullable
    String problem;
  }

  /**
   * @param follow makes the index follow core for one memory
   */
  BackgroundFollower(Function<MemoryId, CompletableFuture<Void>> follow, Environment environment) {
    this.follow = follow;
    this.environment = environment;
    this.loop = new RetryLoop("indexing single memories", environment);
  }

  public BackgroundWork status() {
    return loop.status();
  }

  /**
   * Queues a memory. Does nothing once this is closed.
   *
   * @param failure why the memory could not be followed at once; null if that was not tried
   */
  public void follow(MemoryId memory, @Nullable Throwable failure) {
    synchronized (this) {
      if (closed) {
        return;
      }
      idle.busy();
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
    return CompletableFuture.completedFuture(memory).thenCompose(follow).handle((done, failure) -> {
      if (failure != null) {
        setProblem(memory, failure);
        throw new CompletionException(Futures.unwrap(failure));
      }
      return succeeded(memory);
    });
  }

  private synchronized void setProblem(MemoryId memory, Throwable failure) {
    State state = following.get(memory);
    if (state != null) {
      state.problem = message(failure);
    }
  }

  private RetryLoop.Next succeeded(MemoryId memory) {
    Runnable notification;
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
      if (!following.isEmpty()) {
        return RetryLoop.Next.DONE;
      }
      notification = idle.idle();
    }
    notification.run();
    return RetryLoop.Next.DONE;
  }

  private static String message(Throwable failure) {
    Throwable cause = Futures.unwrap(failure);
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }

  /** The memories that failed at their last try, with the reason; oldest first. */
  public synchronized List<Unindexed> unindexed() {
    return following.entrySet().stream().filter(entry -> entry.getValue().problem != null)
        .map(entry -> new Unindexed(entry.getKey(), String.valueOf(entry.getValue().problem))).toList();
  }

  /** All queued memories. After {@link #close}, those that were left. */
  public synchronized Set<MemoryId> queued() {
    return Set.copyOf(following.keySet());
  }

  /** How many memories failed at their last try. */
  public synchronized int countUnindexed() {
    return (int) following.values().stream().filter(state -> state.problem != null).count();
  }

  /** Why the last try to follow a memory failed; null if it did not fail or the memory is not queued. */
  public synchronized @Nullable String problem(MemoryId memory) {
    State state = following.get(memory);
    return state == null ? null : state.problem;
  }

  /** Completes when the queue is empty. Fails if this is closed before, with an exception of each caller's own. */
  public CompletableFuture<Void> followed() {
    return idle.awaited();
  }

  /** Stops trying. The next opening follows what is left. */
  public void close() {
    loop.close();
    synchronized (this) {
      closed = true;
    }
    idle.close("closed before the index agreed about every memory; the next opening compares it");
  }
}
