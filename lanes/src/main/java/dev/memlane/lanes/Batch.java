package dev.memlane.lanes;

import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Tasks that were submitted together. One that fails doesn't disturb the others.
 *
 * @param jobs in the order in which the tasks were given
 */
public record Batch<T extends @Nullable Object>(List<Job<T>> jobs) {

  public Batch {
    jobs = List.copyOf(jobs);
  }

  /** All results in the order given, when all have ended; fails if one of them has. */
  public CompletableFuture<List<T>> allOf() {
    return CompletableFuture.allOf(futures()).thenApply(done -> jobs.stream().map(job -> job.future().join()).toList());
  }

  /** The first result that there is; fails when all have failed, or if there are none. */
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

  /** Cancels all that are not done. */
  public void cancel() {
    // The last first: a place that is given back would start the next one of them.
    jobs.reversed().forEach(Job::cancel);
  }

  private CompletableFuture<?>[] futures() {
    return jobs.stream().map(Job::future).toArray(CompletableFuture<?>[]::new);
  }
}
