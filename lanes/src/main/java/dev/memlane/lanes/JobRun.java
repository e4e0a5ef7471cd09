package dev.memlane.lanes;

import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * An attempt of a job on a thread of this process, and the interrupt that may end it.
 *
 * <p>
 * Most runs have a thread of their own, which may be made before it is known whose attempt it runs. Other runs borrow
 * the submitter's thread. That thread goes on to other work, so it first waits for an interrupt that is already on
 * its way to the attempt.
 */
final class JobRun implements Runnable {

  private static final int DEEPEST_CAUSE = 20;

  private final Thread thread;
  private final boolean isBorrowed;
  // Written before the thread starts
  private @Nullable Job<?> job;
  private int attempt;
  /** Opened when the interrupt has been sent. Written under the executor's lock, read by the thread without it. */
  private volatile @Nullable CountDownLatch interrupt;

  JobRun(ThreadFactory threads) {
    this.thread = threads.newThread(this);
    this.isBorrowed = false;
  }

  private JobRun(Thread borrowed) {
    this.thread = borrowed;
    this.isBorrowed = true;
  }

  /** The next attempt of a job, on the calling thread. */
  static JobRun onThisThread(Job<?> job) {
    JobRun run = new JobRun(Thread.currentThread());
    run.assign(job);
    return run;
  }

  /** Makes this the run of the job's next attempt. */
  void assign(Job<?> job) {
    this.job = job;
    this.attempt = job.attempt() + 1;
  }

  Job<?> job() {
    return Objects.requireNonNull(job, "job");
  }

  // Running

  void start() {
    thread.start();
  }

  /**
   * Runs the attempt on the calling thread, from which it is borrowed. An interrupt that was meant for the task ends
   * with it. An interrupt that was meant for the thread stays, unless both arrive at the same time.
   */
  void runHere() {
    run();
    awaitInterrupt();
  }

  @Override
  public void run() {
    run(job());
  }

  private <T extends @Nullable Object> void run(Job<T> assigned) {
    if (assigned.isOver(attempt)) {
      // It was ended before its thread began.
      return;
    }
    T result;
    try {
      result = Objects.requireNonNull(assigned.task().work()).call();
    } catch (Throwable e) {
      // Whatever it is: the permit is returned, and the submitter notified.
      clearInterrupt();
      boolean ended = assigned.ender.fail(assigned, attempt, e);
      if (ended && isBorrowed && isInterrupt(e)) {
        // Nothing has interrupted the task, so the interrupt was meant for its submitter.
        Thread.currentThread().interrupt();
      }
      return;
    }
    clearInterrupt();
    assigned.ender.succeedHere(assigned, attempt, result);
  }

  /**
   * Clears what the task may have left on a thread of its own: the callbacks of the job's future run on this thread
   * next.
   */
  private void clearInterrupt() {
    if (!isBorrowed) {
      boolean unused = Thread.interrupted();
    }
  }

  private static boolean isInterrupt(Throwable failure) {
    Throwable cause = failure;
    for (int i = 0; cause != null && i < DEEPEST_CAUSE; i++, cause = cause.getCause()) {
      if (cause instanceof InterruptedException) {
        return true;
      }
    }
    return false;
  }

  // Interrupting

  /**
   * Announces that {@link #interrupt} will be called. Needs the executor's lock, under which the attempt is then
   * ended, so that its thread never finds the attempt over without knowing of the interrupt.
   *
   * @return false if there is nothing to interrupt, because the calling thread runs the attempt
   */
  boolean announceInterrupt() {
    if (thread.equals(Thread.currentThread())) {
      return false;
    }
    interrupt = new CountDownLatch(1);
    return true;
  }

  /**
   * Called without the lock: what a thread does when it is interrupted, such as closing a channel, may take its time.
   */
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

  /** Waits for an announced interrupt and clears it. */
  private void awaitInterrupt() {
    CountDownLatch sent = interrupt;
    if (sent == null) {
      return;
    }
    while (sent.getCount() > 0) {
      try {
        sent.await();
      } catch (InterruptedException e) {
        // This is the announced interrupt, or another one that came at the same time; both end here.
      }
    }
    boolean unused = Thread.interrupted();
  }
}
