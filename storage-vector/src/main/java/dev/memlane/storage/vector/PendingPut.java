package dev.memlane.storage.vector;

import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.InDoubt;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A put on its way to the index, and its one result.
 *
 * <p>
 * A waiting put either begins or is withdrawn. That is decided once, so a withdrawn put never reaches the index. A put
 * that has begun can't be cancelled: at the deadline its result is "in doubt" while it goes on, and its end is ignored.
 */
final class PendingPut implements WriteQueue.Write {

  private static final Duration LONGEST_WATCH = Duration.ofDays(365);

  private enum Stage {
    WAITING, BEGUN, WITHDRAWN
  }

  private final DocumentName name;
  private final Instant deadline;
  private final InstantSource clock;
  private final Function<IndexDocument, StoreResult> index;
  private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.WAITING);
  private final CompletableFuture<StoreResult> result = new CompletableFuture<>();
  /** Cleared as soon as possible, because a withdrawn put may stay in its queue for long. */
  private volatile @Nullable IndexDocument document;
  private volatile @Nullable Future<?> alarm;

  PendingPut(IndexDocument document, Instant deadline, InstantSource clock,
      Function<IndexDocument, StoreResult> index) {
    this.name = document.name();
    this.document = document;
    this.deadline = deadline;
    this.clock = clock;
    this.index = index;
  }

  CompletableFuture<StoreResult> result() {
    return result;
  }

  @Override
  public void run() {
    if (!clock.instant().isBefore(deadline)) {
      expire();
      return;
    }
    IndexDocument taken = document;
    if (taken == null || !stage.compareAndSet(Stage.WAITING, Stage.BEGUN)) {
      return;
    }
    document = null;
    try {
      answer(index.apply(taken));
    } catch (Throwable e) {
      answer(new InDoubt(e));
    }
  }

  @Override
  public void withdraw(StoreException reason) {
    if (stage.compareAndSet(Stage.WAITING, Stage.WITHDRAWN)) {
      document = null;
      answer(new NotApplied(reason));
    }
  }

  /** Sets the alarm for the deadline. */
  void watch(ScheduledExecutorService deadlines) {
    Duration left = Duration.between(clock.instant(), deadline);
    if (left.compareTo(LONGEST_WATCH) > 0) {
      left = LONGEST_WATCH;
    }
    // One more, because toMillis rounds down.
    long delay = left.isNegative() ? 0 : left.toMillis() + 1;
    try {
      alarm = deadlines.schedule(this::expire, delay, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      // The index is being closed, which ends every put in time.
      return;
    }
    if (result.isDone()) {
      cancelAlarm();
    }
  }

  private void answer(StoreResult answer) {
    result.complete(answer);
    cancelAlarm();
  }

  private void cancelAlarm() {
    Future<?> set = alarm;
    if (set != null) {
      set.cancel(false);
    }
  }

  private void expire() {
    withdraw(new StoreException(
        "the vector index did not begin to write memory " + name.memory() + " before " + deadline
            + ": it has too much to do, or hangs; try again",
        null));
    if (stage.get() == Stage.BEGUN) {
      answer(new InDoubt(new StoreException(
          "the vector index began to write memory " + name.memory() + " but had not finished by " + deadline, null)));
    }
  }
}
