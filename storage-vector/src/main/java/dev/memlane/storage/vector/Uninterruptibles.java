package dev.memlane.storage.vector;

/** Waits that an interrupt does not end: the thread's interrupt status is restored afterwards. */
final class Uninterruptibles {

  /** A wait of at most this many nanoseconds; true if it ended before. */
  interface BoundedWait {
    boolean await(long nanos) throws InterruptedException;
  }

  /** A wait without a bound. */
  interface Wait {
    void await() throws InterruptedException;
  }

  private Uninterruptibles() {}

  /** Waits until {@link System#nanoTime} reaches this time at the latest; true if the wait ended before. */
  static boolean awaitUntil(long nanoTime, BoundedWait wait) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return wait.await(nanoTime - System.nanoTime());
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  static void await(Wait wait) {
    awaitUntil(Long.MAX_VALUE, nanos -> {
      wait.await();
      return true;
    });
  }
}
