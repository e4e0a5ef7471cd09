package dev.memlane.perf.tests.scenario;

import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The smallest executor that bounds how many tasks run on virtual threads: a queue and a counter, without lanes, order,
 * time-outs, cancellation or statistics. The difference to the executor of lanes is the price of those.
 */
final class PlainExecutor {

  private record Waiting<T>(Callable<T> task, CompletableFuture<T> future) {}

  private final ThreadFactory threads = Thread.ofVirtual().inheritInheritableThreadLocals(false).factory();
  private final int places;
  private final Queue<Waiting<?>> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger running = new AtomicInteger();

  PlainExecutor(int places) {
    this.places = places;
  }

  <T> CompletableFuture<T> submit(Callable<T> task) {
    Waiting<T> added = new Waiting<>(task, new CompletableFuture<>());
    waiting.add(added);
    startOne();
    return added.future;
  }

  /** Starts a waiting task, if there is a free permit. */
  private void startOne() {
    boolean started = false;
    while (!started && !waiting.isEmpty() && takesPlace()) {
      started = startNext();
    }
  }

  private boolean takesPlace() {
    for (int now = running.get(); now < places; now = running.get()) {
      if (running.compareAndSet(now, now + 1)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Starts the next task with the current permit, or releases the permit. After a release, the caller checks again for
   * a task.
   */
  private boolean startNext() {
    Waiting<?> next = waiting.poll();
    if (next == null) {
      running.decrementAndGet();
      return false;
    }
    threads.newThread(() -> run(next)).start();
    return true;
  }

  private <T> void run(Waiting<T> task) {
    T result = null;
    Throwable failure = null;
    try {
      result = task.task.call();
    } catch (Throwable e) {
      // The failure is the task's result.
      failure = e;
    }
    if (!startNext()) {
      startOne();
    }
    if (failure == null) {
      task.future.complete(result);
    } else {
      task.future.completeExceptionally(failure);
    }
  }
}
