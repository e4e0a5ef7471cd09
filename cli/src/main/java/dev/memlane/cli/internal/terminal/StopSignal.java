package dev.memlane.cli.internal.terminal;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The request to end the program (Ctrl-C, or a termination signal). A command with much to do polls {@link #requested}
 * between two steps and ends in order. Under any other command, its data is closed.
 *
 * <p>
 * {@link #request} runs in the JVM's shutdown hook. It keeps the JVM alive while it waits, so it waits for at most
 * {@value #GRACE_SECONDS} seconds. What a killed process leaves unfinished is repaired by the next opening. Safe for
 * use by several threads.
 */
public final class StopSignal {

  private static final Duration USUAL_GRACE = Duration.ofSeconds(20);

  private final CountDownLatch ended = new CountDownLatch(1);
  private final CountDownLatch asked = new CountDownLatch(1);
  private volatile boolean requested;
  private volatile boolean polled;
  private volatile boolean waitingForInput;
  private volatile @Nullable Runnable close;
  private volatile Duration grace = USUAL_GRACE;

  /** Returns whether the command should end now. */
  public boolean requested() {
    polled = true;
    return requested;
  }

  /**
   * Waits until the command should end.
   *
   * @throws InterruptedException if the thread is interrupted
   */
  public void awaitRequest() throws InterruptedException {
    polled = true;
    asked.await();
  }

  /** Sets whether the command waits for input. The input may never come, so such a command cannot end in order. */
  public void waitingForInput(boolean waiting) {
    waitingForInput = waiting;
  }

  /** Sets what closes the data that is open now; null once it is closed. */
  public void onStop(@Nullable Runnable newClose) {
    close = newClose;
  }

  /** Sets how long the command may take to end in order; 20 seconds unless set. */
  public void grace(Duration time) {
    grace = time;
  }

  /** Notifies a waiting request that the command has ended. */
  public void ended() {
    ended.countDown();
  }

  /** Asks the command to end, and waits for it. */
  public void request() {
    requested = true;
    asked.countDown();
    try {
      if (polled && !waitingForInput && ended.await(grace.toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runnable last = close;
    if (last != null && ended.getCount() > 0) {
      last.run();
    }
  }
}
