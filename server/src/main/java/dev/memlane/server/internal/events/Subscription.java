package dev.memlane.server.internal.events;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.orchestrator.ChangePage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/** The pages that wait to be sent on one stream, at most {@value #MOST}. Safe for use by several threads. */
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

  @GuardedBy("this")
  private final Deque<ChangePage> pages = new ArrayDeque<>();

  @GuardedBy("this")
  private boolean missed = true;

  @GuardedBy("this")
  private boolean ended;

  /** Adds a page; drops all if there are too many, because a stream that reads by itself gets them again. */
  synchronized void offer(ChangePage page) {
    if (missed) {
      return;
    }
    if (pages.size() == MOST) {
      missed();
    } else {
      pages.add(page);
    }
    notifyAll();
  }

  synchronized void missed() {
    pages.clear();
    missed = true;
    notifyAll();
  }

  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /**
   * Waits for what to do next.
   *
   * @param patience how long at most
   */
  synchronized Next next(Duration patience) throws InterruptedException {
    long until = System.nanoTime() + patience.toNanos();
    while (!ended && !missed && pages.isEmpty()) {
      long left = until - System.nanoTime();
      if (left <= 0) {
        return new Next.Idle();
      }
      // Never 0, which would wait without a bound.
      wait(left / 1_000_000 + 1);
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
  }

}
