package dev.memlane.storage.tasks;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Workers that wait for a task to claim, lane by lane, the longest waiting first. Safe for use by several threads.
 *
 * <p>
 * A worker enters before it looks for a task, so that it misses none. Each call wakes one worker. A worker that leaves
 * although it was called passes the call on. One that has found a task passes it on as well, because the executor calls
 * once for several permits; the last one that finds nothing makes the executor call again.
 */
final class ClaimWaiters {

  private static final class Waiter {
    private final CountDownLatch called = new CountDownLatch(1);
    private volatile boolean dismissed;
  }

  @GuardedBy("this")
  private final Map<String, Deque<Waiter>> waiting = new HashMap<>();

  @GuardedBy("this")
  private boolean closed;

  /** A worker's place. Used by one thread. */
  final class Place implements AutoCloseable {

    private final String lane;
    private Waiter waiter;

    Place(String lane) {
      this.lane = lane;
      this.waiter = enter(lane);
    }

    /** Waits for a call, and stands at the end then; returns false if none came in time, or there will be none. */
    boolean await(Duration time) throws InterruptedException {
      if (!waiter.called.await(Math.max(0, time.toNanos()), TimeUnit.NANOSECONDS) || waiter.dismissed) {
        return false;
      }
      waiter = enter(lane);
      return true;
    }

    @Override
    public void close() {
      leave(lane, waiter);
    }
  }

  Place place(String lane) {
    return new Place(lane);
  }

  private synchronized Waiter enter(String lane) {
    Waiter waiter = new Waiter();
    if (closed) {
      dismiss(waiter);
    } else {
      waiting.computeIfAbsent(lane, name -> new ArrayDeque<>()).add(waiter);
    }
    return waiter;
  }

  private synchronized void leave(String lane, Waiter waiter) {
    Deque<Waiter> line = waiting.get(lane);
    if (line == null || !line.remove(waiter)) {
      call(lane);
    }
  }

  /** Wakes the worker of a lane that has waited longest, if any waits. */
  synchronized void call(String lane) {
    Deque<Waiter> line = waiting.get(lane);
    Waiter first = line == null ? null : line.poll();
    if (first != null) {
      first.called.countDown();
    }
  }

  private static void dismiss(Waiter waiter) {
    waiter.dismissed = true;
    waiter.called.countDown();
  }

  /** Sends away all who wait. */
  synchronized void dismiss() {
    waiting.values().forEach(line -> line.forEach(ClaimWaiters::dismiss));
    waiting.clear();
  }

  /** Sends away all; from now on nobody waits. */
  synchronized void close() {
    closed = true;
    dismiss();
  }
}
