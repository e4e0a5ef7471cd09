package dev.memlane.orchestrator;

import dev.memlane.model.StoreException;
import dev.memlane.orchestrator.internal.Environment;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The engine that serves a memory's calls, and its replacement by another one while calls go on.
 *
 * <p>
 * Guarantees: one engine serves a call from its beginning to its end. Once a {@link Handover} has begun, the result of a
 * write is handed out when the next engine's index has what was written, or the time of a write is over. So after {@link #replace}, a search finds
 * everything that was acknowledged before it, whichever engine wrote it. Safe for use by several threads.
 */
final class ServingEngine {

  private volatile Tenure present;
  /** Non-null from the beginning of a handover until it is given up, or all calls of the first engine have ended. */
  private volatile @Nullable Handover handover;
  /** The engine that was replaced, until it is closed. */
  private volatile @Nullable Engine leaving;
  private final AtomicBoolean closed = new AtomicBoolean();

  ServingEngine(Engine engine) {
    this.present = new Tenure(engine);
  }

  /** The time in which an engine serves calls. */
  private static final class Tenure {

    private final Engine engine;
    /** The calls under way, plus one until the engine is replaced. A tenure that has come to zero is over for good. */
    private final AtomicInteger calls = new AtomicInteger(1);
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    Tenure(Engine engine) {
      this.engine = engine;
    }

    boolean enter() {
      return calls.updateAndGet(count -> count == 0 ? 0 : count + 1) > 0;
    }

    void leave() {
      if (calls.decrementAndGet() == 0) {
        over.complete(null);
      }
    }
  }

  /** The engines with calls under way: the present one, and one that calls are leaving. */
  List<Engine> engines() {
    Engine last = leaving;
    return last == null ? List.of(present.engine) : List.of(last, present.engine);
  }

  /** The engine that serves calls now, for what asks no store. */
  Engine engine() {
    return present.engine;
  }

  boolean isClosed() {
    return closed.get();
  }

  /** Passes a call that writes nothing to the engine. */
  <T extends @Nullable Object> CompletableFuture<T> read(Function<Engine, CompletableFuture<T>> call) {
    return call(call, false);
  }

  /** Passes a call that may write to the engine. */
  <T extends @Nullable Object> CompletableFuture<T> write(Function<Engine, CompletableFuture<T>> call) {
    return call(call, true);
  }

  private <T extends @Nullable Object> CompletableFuture<T> call(Function<Engine, CompletableFuture<T>> call,
      boolean writes) {
    Tenure tenure = enter();
    CompletableFuture<T> begun;
    try {
      begun = call.apply(tenure.engine);
    } catch (RuntimeException | Error e) {
      tenure.leave();
      throw e;
    }
    CompletableFuture<T> handedOut = new CompletableFuture<>();
    CompletableFuture<?> unused = begun.whenComplete((result, failure) -> {
      // Read after the write has ended: a handover that begins later follows it from the log.
      Handover next = writes ? handover : null;
      if (next == null || next.engine() == tenure.engine) {
        tenure.leave();
        end(handedOut, result, failure);
        return;
      }
      Environment environment = next.engine().environment;
      Instant deadline = environment.now().plus(next.engine().patience);
      environment.whenDone(environment.until(deadline, next.followNow()), (done, missed) -> {
        // What could not be followed in time is found by the poller of the next engine.
        tenure.leave();
        end(handedOut, result, failure);
      });
    });
    return handedOut;
  }

  private Tenure enter() {
    while (true) {
      Tenure tenure = present;
      if (tenure.enter()) {
        return tenure;
      }
    }
  }

  private static <T extends @Nullable Object> void end(CompletableFuture<T> future, T result,
      @Nullable Throwable failure) {
    if (failure == null) {
      future.complete(result);
    } else {
      future.completeExceptionally(failure);
    }
  }

  /** Lets writes wait until the next engine's index has them. */
  void begin(Handover next) {
    handover = next;
  }

  /** Lets writes wait no more. */
  void giveUp() {
    handover = null;
  }

  /**
   * Serves calls by the next engine from now on.
   *
   * @return completes when the calls of the engine before have ended. The caller closes it, and then calls {@link #left}
   * @throws StoreException if the memory has been closed
   */
  CompletableFuture<Void> replace(Engine next) {
    Tenure before;
    synchronized (this) {
      if (closed.get()) {
        throw new StoreException("the memory is closed; open it again", null);
      }
      before = present;
      leaving = before.engine;
      present = new Tenure(next);
    }
    before.leave();
    return before.over.whenComplete((done, failure) -> giveUp());
  }

  /** Forgets the engine that was replaced. */
  void left() {
    leaving = null;
  }

  /** Refuses calls from now on; the first call returns true. The engine is not closed. */
  synchronized boolean close() {
    return closed.compareAndSet(false, true);
  }
}
