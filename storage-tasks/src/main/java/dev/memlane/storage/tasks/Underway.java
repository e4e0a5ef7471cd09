package dev.memlane.storage.tasks;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;

/** Counts what is under way, so that closing can wait for it. Safe for use by several threads. */
final class Underway {

  @GuardedBy("this")
  private int count;

  @GuardedBy("this")
  private boolean closed;

  /** Returns false, and counts nothing, once it is closed. */
  synchronized boolean enter() {
    if (closed) {
      return false;
    }
    count++;
    return true;
  }

  synchronized void leave() {
    count--;
    notifyAll();
  }

  /** Lets nothing more in, and waits until nothing is under way, at most this long. */
  synchronized void close(Duration patience) throws InterruptedException {
    closed = true;
    long end = System.nanoTime() + patience.toNanos();
    while (count > 0) {
      long millis = (end - System.nanoTime()) / 1_000_000;
      if (millis <= 0) {
        return;
      }
      wait(millis);
    }
  }
}
