package dev.memlane.lanes;

/** What others throw who must not hold up the thread that called them: a listener, a hook, whoever starts a thread. */
final class Uncaught {

  private Uncaught() {}

  /** Tells this thread's handler, and goes on. */
  static void report(Throwable failure) {
    Thread self = Thread.currentThread();
    self.getUncaughtExceptionHandler().uncaughtException(self, failure);
  }
}
