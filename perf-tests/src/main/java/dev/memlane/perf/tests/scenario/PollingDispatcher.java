package dev.memlane.perf.tests.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A queue that is polled every ten milliseconds for one task, as a known lane queue does it. */
final class PollingDispatcher implements AutoCloseable {

  private static final long TICK_MILLIS = 10;

  private final Queue<Runnable> queue = new ConcurrentLinkedQueue<>();
  private final ScheduledThreadPoolExecutor ticks = new ScheduledThreadPoolExecutor(1);

  PollingDispatcher() {
    var unused = ticks.scheduleAtFixedRate(this::dispatchOne, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void dispatchOne() {
    Runnable task = queue.poll();
    if (task != null) {
      Thread.startVirtualThread(task);
    }
  }

  /** Runs tasks, and waits for all of them. */
  void runAll(List<Callable<String>> tasks) {
    List<CompletableFuture<String>> results = new ArrayList<>();
    for (Callable<String> task : tasks) {
      CompletableFuture<String> result = new CompletableFuture<>();
      results.add(result);
      queue.add(() -> {
        try {
          result.complete(task.call());
        } catch (Throwable e) {
          // Rethrown to the thread that measures.
          result.completeExceptionally(e);
        }
      });
    }
    results.forEach(CompletableFuture::join);
  }

  @Override
  public void close() {
    ticks.shutdownNow();
  }
}
