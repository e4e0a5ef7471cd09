package dev.memlane.lanes;

/**
 * Reports what foreign code throws (a listener, a hook, a thread factory) where it must not stop the calling thread.
 */
final class Uncaught {

  private Uncaught() {}

  /** Passes a failure to this thread's handler of uncaught exceptions, and returns. */
  static void report(Throwable failure) {
    Thread self = Thread.currentThread();
    self.getUncaughtExceptionHandler().uncaughtException(self, failure);
  }
}
