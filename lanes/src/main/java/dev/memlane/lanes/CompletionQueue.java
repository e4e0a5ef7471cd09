package dev.memlane.lanes;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What has ended of what one thread has handed over to others: they add it, and the one takes it. It is woken up once, when there is
 * as much as it waits for: on processors that are all busy each time costs the others more than itself.
 */
final class CompletionQueue<U> {

  private final Queue<U> ended = new ConcurrentLinkedQueue<>();
  private final AtomicInteger added = new AtomicInteger();
  /** How many are to be added for the one that waits to be woken up. Written after who that is. */
  private volatile int awaited = Integer.MAX_VALUE;
  private @Nullable Thread waiting;
  /** Used only by the one that takes. */
  private int taken;

  void add(U one) {
    ended.add(one);
    if (added.incrementAndGet() >= awaited) {
      LockSupport.unpark(waiting);
    }
  }

  /** Null if there is none. */
  @Nullable
  U poll() {
    U one = ended.poll();
    taken += one == null ? 0 : 1;
    return one;
  }

  boolean isEmpty() {
    return ended.isEmpty();
  }

  /** Waits until there are so many. */
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
