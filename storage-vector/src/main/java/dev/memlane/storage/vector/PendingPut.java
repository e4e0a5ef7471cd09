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
 * A put on its way, and the one answer that it gives.
 *
 * <p>
 * It waits, then it begins, or it is withdrawn; which of the two is decided once, so a withdrawn put never reaches the
 * index. One that has begun can't be called back: at the deadline it answers "in doubt" and goes on, and however it
 * ends then is no longer told.
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
  /** Let go as soon as it isn't needed: a withdrawn put may wait in its queue for long. */
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

  /** Has the put told of its deadline. */
  void watch(ScheduledExecutorService deadlines) {
    Duration left = Duration.between(clock.instant(), deadline);
    if (left.compareTo(LONGEST_WATCH) > 0) {
      left = LONGEST_WATCH;
    }
    // One more, because a millisecond that has begun is cut off.
    long delay = left.isNegative() ? 0 : left.toMillis() + 1;
    try {
      alarm = deadlines.schedule(this::expire, delay, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      // The index is being closed, which ends every put within bounds of its own.
      return;
    }
    if (result.isDone()) {
      silence();
    }
  }

  private void answer(StoreResult answer) {
    result.complete(answer);
    silence();
  }

  private void silence() {
    Future<?> set = alarm;
    if (set != null) {
      set.cancel(false);
    }
  }

  private void expire() {
    withdraw(new StoreException(
        "the vector index did not come to memory " + name.memory() + " before " + deadline
            + ": it has too much to do, or hangs; try again",
        null));
    if (stage.get() == Stage.BEGUN) {
      answer(new InDoubt(new StoreException(
          "the vector index began to write memory " + name.memory() + " and had not finished at " + deadline, null)));
    }
  }
}
