package dev.memlane.lanes;

import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;

/**
 * The platform threads on which attempts are ended and their callers notified. While tasks that compute occupy all
 * processors, no virtual thread begins, and time-outs exist for such tasks. Safe for use by several threads.
 */
final class PlatformThreads {

  /** How many callers are notified on platform threads at the same time. */
  private static final int MOST_NOTIFYING = 32;

  private final ThreadFactory threads = Thread.ofPlatform().daemon().name("memlane-lanes-end")
      .inheritInheritableThreadLocals(false).factory();
  private final JobThreads virtualThreads;
  private final Semaphore notifying = new Semaphore(MOST_NOTIFYING);

  /** @param virtualThreads used when there are too many platform threads */
  PlatformThreads(JobThreads virtualThreads) {
    this.virtualThreads = virtualThreads;
  }

  /** Starts an action that ends soon. */
  void start(Runnable action) {
    try {
      threads.newThread(action).start();
    } catch (Throwable e) {
      // The system may have no more threads. A virtual thread may be late, but runs the action.
      Uncaught.report(e);
      virtualThreads.execute(action);
    }
  }

  /** Starts an action that may take long, and of which there may be many: the excess runs on virtual threads. */
  void startBounded(Runnable action) {
    if (!notifying.tryAcquire()) {
      virtualThreads.execute(action);
      return;
    }
    start(() -> {
      try {
        action.run();
      } finally {
        notifying.release();
      }
    });
  }
}
