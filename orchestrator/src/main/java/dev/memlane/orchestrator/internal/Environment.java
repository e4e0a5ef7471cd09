package dev.memlane.orchestrator.internal;

import dev.memlane.model.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What all classes here take from outside: threads, alarms, the time and fresh ids. A test that passes its own decides what
 * happens next.
 *
 * @param executor runs what follows a store's answer; its threads may be blocked
 * @param timer rings alarms; does no work itself
 * @param clock the time, for deadlines and for what is stored
 */
public record Environment(Executor executor, ScheduledExecutorService timer, InstantSource clock, Ids ids,
    OperationTimes times) {

  public Environment(Executor executor, ScheduledExecutorService timer, InstantSource clock, Ids ids) {
    this(executor, timer, clock, ids, new OperationTimes(clock));
  }

  /** The time, to the microsecond, which is the precision of the stores. */
  public Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  /** Whether the deadline has been reached. */
  public boolean isPast(Instant deadline) {
    return !clock.instant().isBefore(deadline);
  }

  /** Runs a task on the executor at that time. */
  ScheduledFuture<?> at(Instant time, Runnable task) {
    long delay = Math.max(0, Duration.between(clock.instant(), time).toNanos());
    return timer.schedule(() -> executor.execute(task), delay, TimeUnit.NANOSECONDS);
  }

  /**
   * Bounds a future that has no deadline of its own. At the deadline the returned future fails; the work itself goes on.
   */
  public <T extends @Nullable Object> CompletableFuture<T> until(Instant deadline, CompletableFuture<T> future) {
    if (future.isDone()) {
      return future;
    }
    CompletableFuture<T> bounded = future.copy();
    ScheduledFuture<?> alarm = at(deadline,
        () -> bounded.completeExceptionally(new StoreException("there was no answer until the deadline", null)));
    return bounded.whenComplete((done, failure) -> alarm.cancel(false));
  }

  /**
   * Chains a step: it begins at once if the future has succeeded already, and on the executor otherwise, because any thread
   * may complete the future, also one that must not be blocked.
   */
  public <T, R extends @Nullable Object> CompletableFuture<R> then(CompletableFuture<T> before,
      Function<T, CompletableFuture<R>> step) {
    return before.state() == Future.State.SUCCESS
        ? before.thenCompose(step)
        : before.thenComposeAsync(step, executor);
  }

  /** Begins an asynchronous step after a delay. */
  public <T> CompletableFuture<T> after(Duration delay, Supplier<CompletableFuture<T>> step) {
    CompletableFuture<Void> woken = new CompletableFuture<>();
    ScheduledFuture<?> alarm = at(clock.instant().plus(delay), () -> woken.complete(null));
    return woken.thenCompose(ignored -> {
      alarm.cancel(false);
      return step.get();
    });
  }

  /** Runs a task on the executor after a delay. It can't be cancelled. */
  @SuppressWarnings("FutureReturnValueIgnored") // the task is run on the executor and reports for itself
  void later(Duration delay, Runnable task) {
    at(clock.instant().plus(delay), task);
  }

  /** Passes a future's result or failure to an action on the executor, or on a new thread once the executor is shut down. */
  @SuppressWarnings("FutureReturnValueIgnored") // the action receives both ends
  public <T> void whenDone(CompletableFuture<T> future, BiConsumer<? super T, ? super @Nullable Throwable> action) {
    future.whenCompleteAsync(action, this::execute);
  }

  private void execute(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      // Closed meanwhile: the end must be reported all the same, because a caller may be waiting for it.
      Thread.startVirtualThread(task);
    }
  }
}
