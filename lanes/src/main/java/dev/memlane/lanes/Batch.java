package dev.memlane.lanes;

import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Jobs that were submitted together. If one fails, the others are not affected.
 *
 * @param jobs in the order in which their tasks were submitted
 */
public record Batch<T extends @Nullable Object>(List<Job<T>> jobs) {

  public Batch {
    jobs = List.copyOf(jobs);
  }

  /** All results, in the order of the jobs, once all have ended; fails if one of them fails. */
  public CompletableFuture<List<T>> allOf() {
    return CompletableFuture.allOf(futures()).thenApply(done -> jobs.stream().map(job -> job.future().join()).toList());
  }

  /** The first result of any job; fails if all jobs fail, or there are none. */
  public CompletableFuture<T> anyOf() {
    CompletableFuture<T> first = new CompletableFuture<>();
    if (jobs.isEmpty()) {
      first.completeExceptionally(new NoSuchElementException("a batch without tasks has no result"));
    }
    AtomicInteger left = new AtomicInteger(jobs.size());
    for (Job<T> job : jobs) {
      var unused = job.future().whenComplete((result, failure) -> {
        if (failure == null) {
          first.complete(result);
        } else if (left.decrementAndGet() == 0) {
          first.completeExceptionally(failure);
        }
      });
    }
    return first;
  }

  /** Cancels all jobs that are not done. */
  public void cancel() {
    // The last first: a permit that is returned would start the next one of them.
    jobs.reversed().forEach(Job::cancel);
  }

  private CompletableFuture<?>[] futures() {
    return jobs.stream().map(Job::future).toArray(CompletableFuture<?>[]::new);
  }
}
