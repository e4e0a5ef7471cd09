package dev.memlane.storage.vector;

/** Waiting that an interrupt does not cut short: it is remembered and set again afterwards. */
final class Waits {

  /** A wait of at most so many nanoseconds; true if what was waited for is there. */
  interface BoundedWait {
    boolean await(long nanos) throws InterruptedException;
  }

  /** A wait for what is sure to come. */
  interface Wait {
    void await() throws InterruptedException;
  }

  private Waits() {}

  /** Whether it was there before {@link System#nanoTime} reached this. */
  static boolean until(long nanoTime, BoundedWait wait) {
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

  static void forIt(Wait wait) {
    until(Long.MAX_VALUE, nanos -> {
      wait.await();
      return true;
    });
  }
}
