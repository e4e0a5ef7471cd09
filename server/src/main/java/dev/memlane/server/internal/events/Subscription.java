package dev.memlane.server.internal.events;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.orchestrator.ChangePage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The pages that wait to be sent on one stream, at most {@value #MOST}. Safe for use by several threads.
 *
 * <p>
 * It waits on a condition and not on a monitor: in Java 21, a virtual thread that waits on a monitor keeps its platform thread,
 * and a few hundred idle streams would stop all requests.
 */
final class Subscription {

  static final int MOST = 100;

  /** What a stream has to do next. */
  sealed interface Next {

    /** Send these changes. */
    record Send(ChangePage page) implements Next {}

    /** Read the changes itself, because some were not given to it. */
    record ReadItself() implements Next {}

    /** Nothing; show that the stream is alive. */
    record Idle() implements Next {}

    /** End the stream. */
    record End() implements Next {}
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Deque<ChangePage> pages = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean missed = true;

  @GuardedBy("lock")
  private boolean ended;

  /** Adds a page; drops all if there are too many, because a stream that reads by itself gets them again. */
  void offer(ChangePage page) {
    lock.lock();
    try {
      if (missed) {
        return;
      }
      if (pages.size() == MOST) {
        missed();
      } else {
        pages.add(page);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Makes the stream read by itself. */
  void missed() {
    lock.lock();
    try {
      pages.clear();
      missed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for what to do next.
   *
   * @param patience how long at most
   */
  Next next(Duration patience) throws InterruptedException {
    lock.lock();
    try {
      long left = patience.toNanos();
      while (!ended && !missed && pages.isEmpty()) {
        if (left <= 0) {
          return new Next.Idle();
        }
        left = changed.awaitNanos(left);
      }
      if (ended) {
        return new Next.End();
      }
      if (missed) {
        // From now on pages gather again, before the stream reads: so none is missed in between.
        missed = false;
        return new Next.ReadItself();
      }
      return new Next.Send(pages.removeFirst());
    } finally {
      lock.unlock();
    }
  }
}
