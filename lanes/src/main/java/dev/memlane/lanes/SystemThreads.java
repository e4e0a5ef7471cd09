package dev.memlane.lanes;

import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;

/**
 * Threads of the system on which attempts are ended and their callers told: while tasks that compute have all processors, no
 * virtual thread begins, and it is such tasks that time-outs are for. Safe for use by several threads.
 */
final class SystemThreads {

  private static final int MOST_TELLING = 32;

  private final ThreadFactory threads = Thread.ofPlatform().daemon().name("memlane-lanes-end")
      .inheritInheritableThreadLocals(false).factory();
  private final ThreadFactory others;
  private final Semaphore telling = new Semaphore(MOST_TELLING);

  /** @param others make the threads for what is too much for those of the system */
  SystemThreads(ThreadFactory others) {
    this.others = others;
  }

  /** Starts what ends soon. */
  void start(Runnable action) {
    try {
      threads.newThread(action).start();
    } catch (Throwable e) {
      // Such as that the system has no more; a virtual one may be late, but does it.
      Uncaught.report(e);
      others.newThread(action).start();
    }
  }

  /** Starts what may take its time, of which there may be many. */
  void startOneOfMany(Runnable action) {
    if (!telling.tryAcquire()) {
      others.newThread(action).start();
      return;
    }
    start(() -> {
      try {
        action.run();
      } finally {
        telling.release();
      }
    });
  }
}
