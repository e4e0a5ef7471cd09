package dev.memlane.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How the program ends when it is told to (Ctrl-C, a termination signal): a command that works through much asks
 * {@link #requested} between two steps and ends in order; any other one has its data closed under it.
 *
 * <p>
 * {@link #request} runs in the JVM's shutdown hook and keeps the JVM alive meanwhile, so it waits for a limited time
 * only. What a killed process leaves behind is made good by the next opening. Safe for use by several threads.
 */
final class Stop {

  private static final int GRACE_SECONDS = 20;

  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean requested;
  private volatile boolean asked;
  private volatile boolean waiting;
  private volatile @Nullable Runnable closing;

  /** Whether the command should end now. */
  boolean requested() {
    asked = true;
    return requested;
  }

  /** Says whether the command waits for input, which may never come: then it can't end in order. */
  void waitsForInput(boolean waits) {
    waiting = waits;
  }

  /** Says what closes the data that is open now; null once it is closed. */
  void closeBy(@Nullable Runnable newClosing) {
    closing = newClosing;
  }

  /** Says that the command has ended: there is nothing to wait for. */
  void ended() {
    ended.countDown();
  }

  /** Asks the command to end and waits for it. */
  void request() {
    requested = true;
    try {
      if (asked && !waiting && ended.await(GRACE_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runnable last = closing;
    if (last != null && ended.getCount() > 0) {
      last.run();
    }
  }
}
