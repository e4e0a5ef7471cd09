package dev.memlane.lanes;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A queue of completed work: many threads add to it, and the thread that has handed the work over takes from it. That
 * thread is woken up once, when as many items are there as it waits for: when all processors are busy, each wake-up
 * delays the other threads by more than its own cost.
 */
final class CompletionQueue<T> {

  private final Queue<T> completed = new ConcurrentLinkedQueue<>();
  private final AtomicInteger added = new AtomicInteger();
  /** The value of {@link #added} at which the waiting thread is woken up. Written after {@link #waiting}. */
  private volatile int awaited = Integer.MAX_VALUE;
  private @Nullable Thread waiting;
  /** Used only by the thread that takes. */
  private int taken;

  void add(T item) {
    completed.add(item);
    if (added.incrementAndGet() >= awaited) {
      LockSupport.unpark(waiting);
    }
  }

  /** Returns null if the queue is empty. */
  @Nullable
  T poll() {
    T item = completed.poll();
    taken += item == null ? 0 : 1;
    return item;
  }

  boolean isEmpty() {
    return completed.isEmpty();
  }

  /** Waits until the queue has this many items. */
  void await(int count) throws InterruptedException {
    int until = taken + count;
    waiting = Thread.currentThread();
    awaited = until;
    try {
      while (added.get() < until) {
        LockSupport.park(this);
        if (Thread.interrupted()) {
          throw new InterruptedException("interrupted while tools were running");
        }
      }
    } finally {
      awaited = Integer.MAX_VALUE;
    }
  }
}
