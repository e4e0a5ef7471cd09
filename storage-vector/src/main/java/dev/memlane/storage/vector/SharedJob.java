package dev.memlane.storage.vector;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A job that many callers request and that runs once for all requests before its begin: at most one run is running and
 * one waiting. It runs on the given thread, never on the caller's. Safe for use by several threads.
 */
final class SharedJob {

  /** The work, done once for all requests. */
  interface Job {
    void run() throws Exception;
  }

  private final Executor thread;
  private final Job job;
  private final AtomicReference<@Nullable CompletableFuture<Void>> next = new AtomicReference<>();

  SharedJob(Executor thread, Job job) {
    this.thread = thread;
    this.job = job;
  }

  /** Completes when a run that began after this call ends; fails as the job does, or because its thread has ended. */
  CompletableFuture<Void> request() {
    CompletableFuture<Void> run = new CompletableFuture<>();
    CompletableFuture<Void> waiting = next.compareAndExchange(null, run);
    if (waiting != null) {
      return waiting;
    }
    try {
      thread.execute(() -> {
        // Later requests may come too late for this run.
        next.set(null);
        try {
          job.run();
          run.complete(null);
        } catch (Throwable e) {
          run.completeExceptionally(e);
        }
      });
    } catch (RejectedExecutionException e) {
      next.set(null);
      run.completeExceptionally(e);
    }
    return run;
  }
}
