package dev.memlane.lanes;

/**
 * The thread that runs an attempt, and the interrupt that ends it. If the thread is borrowed, its owner waits for an interrupt
 * that is on its way before it goes on to other things.
 */
final class Runner {

  private enum Interrupt {
    NONE, ON_ITS_WAY, SENT
  }

  private final Thread thread;
  private final boolean borrowed;
  /** Written under the executor's lock. Volatile, because the thread looks without it when its attempt is over. */
  private volatile Interrupt interrupt = Interrupt.NONE;

  Runner(Thread thread, boolean borrowed) {
    this.thread = thread;
    this.borrowed = borrowed;
  }

  Thread thread() {
    return thread;
  }

  /** Whether the thread is its submitter's own. */
  boolean isBorrowed() {
    return borrowed;
  }

  void interruptIsOnItsWay() {
    interrupt = Interrupt.ON_ITS_WAY;
  }

  void interruptWasSent() {
    interrupt = Interrupt.SENT;
  }

  /** Whether an interrupt is on its way, or has been sent. */
  boolean isInterrupted() {
    return interrupt != Interrupt.NONE;
  }

  boolean hasBeenSent() {
    return interrupt == Interrupt.SENT;
  }
}
