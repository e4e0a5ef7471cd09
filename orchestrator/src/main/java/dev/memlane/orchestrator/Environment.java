package dev.memlane.orchestrator;

import dev.memlane.model.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the writing and settling classes take from outside: where to run, when to wake up, what time it is, and fresh
 * names. A test that passes its own decides what happens next.
 */
record Environment(Executor executor, ScheduledExecutorService timer, InstantSource clock, Ids ids,
    OperationTimes times) {

  Environment(Executor executor, ScheduledExecutorService timer, InstantSource clock, Ids ids) {
    this(executor, timer, clock, ids, new OperationTimes(clock));
  }

  /** The time, to the microsecond: what the stores can keep. */
  Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  boolean isPast(Instant deadline) {
    return !clock.instant().isBefore(deadline);
  }

  /** Runs a task on the executor at that time. */
  ScheduledFuture<?> at(Instant time, Runnable task) {
    long delay = Math.max(0, Duration.between(clock.instant(), time).toNanos());
    return timer.schedule(() -> executor.execute(task), delay, TimeUnit.NANOSECONDS);
  }

  /**
   * The future's end, or a failure at the deadline: for what has no deadline of its own. What hangs goes on by itself.
   */
  <T extends @Nullable Object> CompletableFuture<T> until(Instant deadline, CompletableFuture<T> future) {
    if (future.isDone()) {
      return future;
    }
    CompletableFuture<T> bounded = future.copy();
    ScheduledFuture<?> alarm = at(deadline,
        () -> bounded.completeExceptionally(new StoreException("there was no answer until the deadline", null)));
    return bounded.whenComplete((done, failure) -> alarm.cancel(false));
  }

  /**
   * Begins the next step: at once if the step before has succeeded already, and on the executor when it does, because
   * whose thread that is isn't known.
   */
  <T, R extends @Nullable Object> CompletableFuture<R> then(CompletableFuture<T> before,
      Function<T, CompletableFuture<R>> step) {
    return before.state() == Future.State.SUCCESS
        ? before.thenCompose(step)
        : before.thenComposeAsync(step, executor);
  }

  /** Begins an asynchronous step after a while. */
  <T> CompletableFuture<T> after(Duration delay, Supplier<CompletableFuture<T>> step) {
    CompletableFuture<Void> woken = new CompletableFuture<>();
    ScheduledFuture<?> alarm = at(clock.instant().plus(delay), () -> woken.complete(null));
    return woken.thenCompose(ignored -> {
      alarm.cancel(false);
      return step.get();
    });
  }

  /** Runs a task on the executor after a while; nobody will call it off. */
  @SuppressWarnings("FutureReturnValueIgnored") // the task is run on the executor and reports for itself
  void later(Duration delay, Runnable task) {
    at(clock.instant().plus(delay), task);
  }

  /** Hands the end of a future over, be it a result or a failure; also when the executor takes nothing any more. */
  @SuppressWarnings("FutureReturnValueIgnored") // the action is told of both ends
  <T> void whenDone(CompletableFuture<T> future, BiConsumer<? super T, ? super @Nullable Throwable> action) {
    future.whenCompleteAsync(action, this::execute);
  }

  private void execute(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      // Closed meanwhile: who waits for the end must be told it all the same.
      Thread.startVirtualThread(task);
    }
  }
}
