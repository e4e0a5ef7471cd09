package dev.memlane.orchestrator.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;

/**
 * A bounded parallel loop: runs an asynchronous step for each item of a list, with a bounded number under way, and collects
 * the results in order.
 *
 * <p>
 * Invariant: there are as many runners as the width, or as there are items. Each takes the next item when its last step has
 * ended, so no item is taken twice and the number under way never exceeds the width. After a failure no more are taken.
 */
public final class BoundedParallel<T, R> {

  private final List<T> items;
  private final Function<T, CompletableFuture<R>> step;
  private final Environment environment;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger left;
  private final AtomicReferenceArray<R> results;
  private final CompletableFuture<List<R>> all = new CompletableFuture<>();

  private BoundedParallel(List<T> items, Function<T, CompletableFuture<R>> step, Environment environment) {
    this.items = items;
    this.step = step;
    this.environment = environment;
    this.left = new AtomicInteger(items.size());
    this.results = new AtomicReferenceArray<>(items.size());
  }

  /**
   * Runs the loop.
   *
   * @param width how many steps may be under way at once
   * @return the results, in the order of the items; fails with the first failure
   */
  public static <T, R> CompletableFuture<List<R>> run(
      List<T> items, int width, Function<T, CompletableFuture<R>> step, Environment environment) {
    if (items.isEmpty()) {
      return CompletableFuture.completedFuture(List.of());
    }
    BoundedParallel<T, R> loop = new BoundedParallel<>(items, step, environment);
    for (int i = Math.min(width, items.size()); i > 0; i--) {
      loop.takeNext();
    }
    return loop.all;
  }

  private void takeNext() {
    int index = next.getAndIncrement();
    if (index >= items.size() || all.isDone()) {
      return;
    }
    environment.whenDone(step.apply(items.get(index)), (result, failure) -> {
      if (failure != null) {
        all.completeExceptionally(failure);
        return;
      }
      results.set(index, result);
      takeNext();
      if (left.decrementAndGet() == 0) {
        complete();
      }
    });
  }

  private void complete() {
    List<R> collected = new ArrayList<>(items.size());
    for (int i = 0; i < items.size(); i++) {
      collected.add(results.get(i));
    }
    all.complete(collected);
  }
}
