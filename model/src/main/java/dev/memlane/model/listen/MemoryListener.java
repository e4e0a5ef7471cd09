package dev.memlane.model.listen;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A listener to what a memory does: operations, as callers request them, and the steps within them. Metrics and traces
 * are made of these.
 *
 * <p>
 * <b>Contexts.</b> When an operation or a step begins, a listener may return an object of its own, its context. The
 * engine keeps it, and gives it back at the end and to the steps within. The threads change meanwhile, so use the
 * context and not thread-locals. A step that serves several callers at once, such as one embedding request with the
 * texts of many, gets the contexts of all of them.
 *
 * <p>
 * <b>Threads.</b> {@link #operationBegan} is called in the caller's thread, except for the parts of a batch. All other
 * methods are called in any thread, often in several at once. The engine holds no Java lock during a call. But the
 * operation waits for it, and during the steps of a write it holds the memory's lock: return soon, don't block, and don't
 * wait for another write.
 *
 * <p>
 * <b>Order.</b> Each begin is followed by exactly one end, except for steps in the background that closing cuts off. Steps usually end before their operation does; a step that
 * goes on in the background ({@link StepType#BACKGROUND_SETTLING}), or a request whose caller gave up waiting, ends
 * later.
 *
 * <p>
 * <b>Failures.</b> An exception of a listener changes no operation. The first one of each listener is logged.
 *
 * <p>
 * <b>Content.</b> Only {@link OperationStart#request} and {@link OperationEnd#result} hold texts and ids of users. A
 * listener that publishes them should ask its user first.
 */
public interface MemoryListener {

  /**
   * An operation begins. Nothing has been done for it yet.
   *
   * @return the operation's context; null for none
   */
  default @Nullable Object operationBegan(OperationStart start) {
    return null;
  }

  /**
   * An operation has ended. Its caller has not been notified yet.
   *
   * @param context what {@link #operationBegan} returned
   */
  default void operationEnded(OperationEnd end, @Nullable Object context) {}

  /**
   * A step begins.
   *
   * @return the step's context; null for none
   */
  default @Nullable Object stepBegan(StepStart start) {
    return null;
  }

  /**
   * A step has ended.
   *
   * @param context what {@link #stepBegan} returned
   */
  default void stepEnded(StepEnd end, @Nullable Object context) {}

  /**
   * A step calls code that isn't Memlane's, such as an embedding model or the database's driver, in this thread. A
   * listener may make its context the thread's current one, so that what this code reports belongs to the step.
   *
   * @param context what {@link #stepBegan} returned
   * @return is run when the call has returned, in the same thread; null for nothing
   */
  default @Nullable Runnable enter(Object context) {
    return null;
  }

  /** Makes one listener of several. An exception of one does not keep a call from the others. */
  static MemoryListener of(List<MemoryListener> listeners) {
    return listeners.size() == 1
        ? new GuardedListener(listeners.getFirst())
        : new ListenerGroup(listeners.stream().<MemoryListener>map(GuardedListener::new).toList());
  }
}
