package dev.memlane.extraction;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * The virtual threads of something that is closed: they run its work, and closing ends what is in flight. Safe for use by several
 * threads.
 */
final class WorkThreads implements AutoCloseable {

  private final String work;
  private final Duration grace;
  private final ExecutorService threads;

  /**
   * @param name the beginning of the threads' names
   * @param work what they do, for a message: "closed while {work}"
   * @param grace how long closing waits for what is in flight
   */
  WorkThreads(String name, String work, Duration grace) {
    this.work = work;
    this.grace = grace;
    this.threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name(name, 0).factory());
  }

  /** @throws RejectedExecutionException if they have been closed */
  void execute(Runnable task) {
    threads.execute(task);
  }

  /** Interrupts what is in flight, and waits for it for as long as the grace. Does nothing the second time. */
  @Override
  public void close() {
    synchronized (threads) {
      if (threads.isShutdown()) {
        return;
      }
      List<Runnable> unused = threads.shutdownNow();
    }
    try {
      if (!threads.awaitTermination(grace.toMillis(), TimeUnit.MILLISECONDS)) {
        System.getLogger(WorkThreads.class.getName()).log(System.Logger.Level.WARNING,
            "closed while {0}; it ends by itself", work);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
