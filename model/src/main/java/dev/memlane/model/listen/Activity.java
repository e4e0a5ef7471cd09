package dev.memlane.model.listen;

import dev.memlane.model.StoreResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * An operation or a step that is under way and that somebody listens to. The engine hands it along with the work.
 *
 * <p>
 * It is null where nobody listens, and every method that begins one then returns null again. So a listener costs
 * nothing where there is none: no object, no reading of the clock. An activity ends once; ending it again does nothing.
 * Safe for use by several threads. No method may be called while a lock is held, because listeners are called.
 */
public abstract sealed class Activity {

  private final MemoryListener listener;
  /** The listener's own, or null. */
  private final @Nullable Object context;
  private final long beganAt = System.nanoTime();
  private final AtomicBoolean ended = new AtomicBoolean();

  private Activity(MemoryListener listener, @Nullable Object context) {
    this.listener = listener;
    this.context = context;
  }

  /**
   * Begins an operation.
   *
   * @param listener null if nobody listens; must not throw
   * @param batch the batch that the operation is a part of, or null
   * @return null if nobody listens
   */
  public static @Nullable Activity begin(@Nullable MemoryListener listener, OperationType type, Object request,
      @Nullable Activity batch) {
    if (listener == null) {
      return null;
    }
    OperationStart start = new OperationStart(type, request, batch == null ? null : batch.context);
    return new OperationActivity(listener, type, listener.operationBegan(start));
  }

  /** Begins a part of a batch; null if nobody listens to the batch. */
  public static @Nullable Activity begin(@Nullable Activity batch, OperationType type, Object request) {
    return batch == null ? null : begin(batch.listener, type, request, batch);
  }

  /**
   * Begins a step of an activity.
   *
   * @return null if nobody listens to the activity
   */
  public static @Nullable Activity step(@Nullable Activity of, StepType type) {
    return of == null ? null : step(of, type, null);
  }

  /**
   * Begins a step of an activity.
   *
   * @param model the embedding model, or null
   * @return null if nobody listens to the activity
   */
  public static @Nullable Activity step(@Nullable Activity of, StepType type, @Nullable String model) {
    if (of == null) {
      return null;
    }
    Object context = of.context;
    return step(of.listener,
        new StepStart(type, context == null ? List.of() : List.of(context), 1, model, null));
  }

  /**
   * Begins a step that serves several activities.
   *
   * @param of those that somebody listens to
   * @return null if there are none
   */
  public static @Nullable Activity sharedStep(List<Activity> of, StepType type, int size, @Nullable String model,
      @Nullable String endpoint) {
    if (of.isEmpty()) {
      return null;
    }
    List<Object> contexts = new ArrayList<>(of.size());
    for (Activity served : of) {
      Object context = served.context;
      if (context != null) {
        contexts.add(context);
      }
    }
    // All activities of a process that share steps have the same listener.
    return step(of.getFirst().listener, new StepStart(type, contexts, size, model, endpoint));
  }

  private static Activity step(MemoryListener listener, StepStart start) {
    return new StepActivity(listener, start, listener.stepBegan(start));
  }

  /**
   * Ends an activity when a future is completed.
   *
   * @return completes after the activity has ended; the future itself if nobody listens. Cancelling it does not cancel
   * the future
   */
  public static <T extends @Nullable Object> CompletableFuture<T> ending(@Nullable Activity activity,
      CompletableFuture<T> future) {
    return activity == null ? future : future.whenComplete(activity::finish);
  }

  /** Enters a step; see {@link MemoryListener#enter}. What it returns is given to {@link #leave}. */
  public static @Nullable Runnable enter(@Nullable Activity activity) {
    Object context = activity == null ? null : activity.context;
    return activity == null || context == null ? null : activity.listener.enter(context);
  }

  /** Leaves a step. */
  public static void leave(@Nullable Runnable entered) {
    if (entered != null) {
      entered.run();
    }
  }

  /** Ends an activity, with a result or a failure; does nothing if nobody listens. */
  public static void end(@Nullable Activity activity, @Nullable Object result, @Nullable Throwable failure) {
    if (activity != null) {
      activity.finish(result, failure);
    }
  }

  private void finish(@Nullable Object result, @Nullable Throwable failure) {
    if (ended.compareAndSet(false, true)) {
      Throwable cause = failure instanceof CompletionException && failure.getCause() != null
          ? failure.getCause()
          : failure;
      report(listener, context, result, cause, Duration.ofNanos(System.nanoTime() - beganAt));
    }
  }

  abstract void report(MemoryListener receiver, @Nullable Object context, @Nullable Object result,
      @Nullable Throwable failure, Duration duration);

  private static final class OperationActivity extends Activity {

    private final OperationType type;

    OperationActivity(MemoryListener listener, OperationType type, @Nullable Object context) {
      super(listener, context);
      this.type = type;
    }

    @Override
    void report(MemoryListener receiver, @Nullable Object context, @Nullable Object result,
        @Nullable Throwable failure, Duration duration) {
      receiver.operationEnded(new OperationEnd(type, result, failure, duration), context);
    }
  }

  private static final class StepActivity extends Activity {

    private final StepStart start;

    StepActivity(MemoryListener listener, StepStart start, @Nullable Object context) {
      super(listener, context);
      this.start = start;
    }

    @Override
    void report(MemoryListener receiver, @Nullable Object context, @Nullable Object result,
        @Nullable Throwable failure, Duration duration) {
      Throwable cause = result instanceof StoreResult stored ? stored.cause() : failure;
      receiver.stepEnded(new StepEnd(start, cause, duration), context);
    }
  }
}
