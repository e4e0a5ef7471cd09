package dev.memlane.lanes;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The future of a job. If its caller completes it, cancels it, or lets it time out, nothing needs the task any more.
 * The job is then ended first, so that callbacks of the future find its permit free.
 */
final class JobFuture<T extends @Nullable Object> extends CompletableFuture<T> {

  private final Job<T> job;

  JobFuture(Job<T> job) {
    this.job = job;
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    return job.ender.cancelThen(job, () -> super.cancel(mayInterruptIfRunning));
  }

  @Override
  public boolean complete(T value) {
    return job.ender.cancelThen(job, () -> super.complete(value));
  }

  @Override
  public boolean completeExceptionally(Throwable failure) {
    return job.ender.cancelThen(job, () -> super.completeExceptionally(failure));
  }

  @Override
  public CompletableFuture<T> completeAsync(Supplier<? extends T> supplier, Executor executor) {
    executor.execute(() -> {
      try {
        complete(supplier.get());
      } catch (Throwable e) {
        // Whatever it is, it is the future's result.
        completeExceptionally(e);
      }
    });
    return this;
  }

  /** Completes the future of a job that is done. */
  void deliver(T result) {
    super.complete(result);
  }

  /** Fails the future of a job that is done, or was refused. */
  void deliverFailure(Throwable failure) {
    super.completeExceptionally(failure);
  }
}
