package dev.memlane.lanes;

import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * The thread that runs an attempt, and the interrupt that ends it. A thread that goes on to other things waits for an interrupt
 * that is on its way, so that it meets none of them.
 */
final class Runner {

  private final Thread thread;
  /** Opened when the interrupt has been sent. Written under the executor's lock; the thread looks at it without. */
  private volatile @Nullable CountDownLatch interrupt;

  Runner(Thread thread) {
    this.thread = thread;
  }

  boolean isThisThread() {
    return thread.equals(Thread.currentThread());
  }

  /** Says that {@link #interrupt} will be called. Needs the lock, in which the attempt is then ended, so that it is said once. */
  void interruptFollows() {
    interrupt = new CountDownLatch(1);
  }

  /** Needs no lock: what a thread does when it is interrupted, such as to close a channel, may take its time. */
  void interrupt() {
    CountDownLatch sent = interrupt;
    try {
      thread.interrupt();
    } finally {
      if (sent != null) {
        sent.countDown();
      }
    }
  }

  /** Waits for the interrupt, if there is one, and takes it away. To be called by the thread, after the attempt. */
  void endInterrupt() {
    CountDownLatch sent = interrupt;
    if (sent == null) {
      return;
    }
    while (sent.getCount() > 0) {
      try {
        sent.await();
      } catch (InterruptedException e) {
        // That is the one which is waited for, or another that came at the same time; both end here.
      }
    }
    boolean unused = Thread.interrupted();
  }
}
