package dev.memlane.server.internal.lanes;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Requests that wait for something to happen: a bounded number of them, and none when the server ends. Safe for use by several threads. */
final class LongPolls implements AutoCloseable {

  /** Something to wait for. */
  @FunctionalInterface
  interface Wait<T> {
    T run() throws InterruptedException;
  }

  private final int most;

  @GuardedBy("this")
  private int waiting;

  @GuardedBy("this")
  private final Set<Thread> interruptible = new HashSet<>();

  @GuardedBy("this")
  private boolean closed;

  LongPolls(int most) {
    this.most = most;
  }

  /**
   * Waits in this thread, which is interrupted when the server ends.
   *
   * @return null if the server ends meanwhile
   * @throws ProblemException if too many wait already
   */
  <T> @Nullable T interruptibly(Wait<T> wait) throws InterruptedException {
    Thread thread = Thread.currentThread();
    enter(thread);
    try {
      return wait.run();
    } catch (InterruptedException e) {
      if (!isClosed()) {
        throw e;
      }
      return null;
    } finally {
      leave(thread);
    }
  }

  /**
   * Waits in this thread for something that ends by itself when the server ends.
   *
   * @throws ProblemException if too many wait already
   */
  <T> T counted(Wait<T> wait) throws InterruptedException {
    enter(null);
    try {
      return wait.run();
    } finally {
      leave(null);
    }
  }

  private synchronized void enter(@Nullable Thread thread) {
    if (closed) {
      throw new ProblemException(Problem.unavailable("the server is stopping; try again later"));
    }
    if (waiting >= most) {
      throw new ProblemException(
          Problem.unavailable("too many requests wait already; wait on fewer connections, or ask without waiting"));
    }
    waiting++;
    if (thread != null) {
      interruptible.add(thread);
    }
  }

  /** An interrupt that came at the same time as the end of the wait would break the response. */
  private synchronized void leave(@Nullable Thread thread) {
    waiting--;
    if (thread != null && interruptible.remove(thread) && closed) {
      boolean unused = Thread.interrupted();
    }
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  /** Ends the waits that are interrupted; from now on, there are none. */
  @Override
  public synchronized void close() {
    closed = true;
    interruptible.forEach(Thread::interrupt);
  }
}
