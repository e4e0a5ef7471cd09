package dev.memlane.storage.opensearch;

import dev.memlane.model.MemoryId;
import dev.memlane.model.Receipt;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreKind;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResult.Applied;
import dev.memlane.model.StoreResult.InDoubt;
import dev.memlane.model.StoreResult.NotApplied;
import dev.memlane.model.store.IndexDocument;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A put on its way to the cluster, and its one result.
 *
 * <p>
 * A waiting put is either sent or withdrawn, so a withdrawn put never reaches the cluster. A put that was sent can't be
 * taken back: at the deadline its result is "in doubt", and its answer is ignored.
 *
 * <p>
 * A put that the cluster rejects because it is busy was certainly not applied, so it waits again and is sent once more
 * after a pause, until the cluster takes it or its time is over.
 */
final class PendingPut implements WriteOrder.Write {

  private enum Stage {
    WAITING, SENT, OVER
  }

  private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final IndexDocument document;
  private final Instant deadline;
  private final BiFunction<IndexDocument, BooleanSupplier, CompletableFuture<Void>> sender;
  private final Runnable written;
  private final Executor executor;
  /** As a {@link System#nanoTime}: when the put is not sent again. */
  private final long lastRepetition;
  private long pause = FIRST_PAUSE_NANOS;
  private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.WAITING);
  private final CompletableFuture<StoreResult> result = new CompletableFuture<>();
  private volatile @Nullable Future<?> alarm;
  /** Why the cluster has not taken it yet. */
  private volatile @Nullable RefusedException refusal;

  /**
   * @param sender sends a document, unless its second argument says that it must not be sent any more
   * @param written is called before a result that is not "not applied"
   * @param executor sends the put again
   * @param patience for how long a busy cluster is asked again, at most
   */
  PendingPut(IndexDocument document, Instant deadline,
      BiFunction<IndexDocument, BooleanSupplier, CompletableFuture<Void>> sender, Runnable written, Executor executor,
      Duration patience) {
    this.document = document;
    this.executor = executor;
    this.lastRepetition = System.nanoTime() + patience.toNanos();
    this.deadline = deadline;
    this.sender = sender;
    this.written = written;
  }

  CompletableFuture<StoreResult> result() {
    return result;
  }

  /** Sets what is cancelled at the end. */
  void watchedBy(Future<?> alarm) {
    this.alarm = alarm;
    if (result.isDone()) {
      alarm.cancel(false);
    }
  }

  @Override
  public MemoryId memory() {
    return document.memory().id();
  }

  @Override
  public void begin(Runnable ended) {
    CompletableFuture<?> unused = result.whenComplete((done, failure) -> ended.run());
    if (stage.get() == Stage.WAITING) {
      send();
    }
  }

  private void send() {
    CompletableFuture<?> unused = sender.apply(document, () -> stage.compareAndSet(Stage.WAITING, Stage.SENT))
        .whenComplete((done, failure) -> answered(failure));
  }

  private void answered(@Nullable Throwable failure) {
    if (failure == null) {
      written.run();
      Receipt receipt = new Receipt(StoreKind.VECTOR, memory(), document.memory().op(), document.memory().version());
      end(new Applied(receipt));
      return;
    }
    Throwable cause = failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
    boolean certain = switch (cause) {
      case UnansweredException unanswered -> !unanswered.isSent();
      case RefusedException refused -> refused.isCertain();
      default -> false;
    };
    if (certain) {
      if (!(cause instanceof RefusedException busy && busy.isBusy() && repeat(busy))) {
        end(new NotApplied(cause));
      }
    } else {
      written.run();
      end(new InDoubt(cause));
    }
  }

  /** Sends the put again after a pause; false if its time is over. */
  private boolean repeat(RefusedException busy) {
    refusal = busy;
    long length = pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2);
    if (System.nanoTime() + length - lastRepetition >= 0 || !stage.compareAndSet(Stage.SENT, Stage.WAITING)) {
      return false;
    }
    pause = Math.min(LONGEST_PAUSE_NANOS, pause * 2);
    CompletableFuture.delayedExecutor(length, TimeUnit.NANOSECONDS, executor).execute(this::send);
    return true;
  }

  /** Ends the put at its deadline. */
  void expire() {
    RefusedException last = refusal;
    StoreException reason = last != null
        ? last
        : new StoreException("the index on OpenSearch was not sent memory " + memory() + " before " + deadline
            + ": it has too much to do, or does not answer; try again", null);
    // An answer may make the put wait again between the two attempts to end it.
    while (!result.isDone() && stage.get() != Stage.OVER) {
      withdraw(reason);
      if (stage.compareAndSet(Stage.SENT, Stage.OVER)) {
        written.run();
        end(new InDoubt(new StoreException(
            "the index on OpenSearch was sent memory " + memory() + " but had not answered by " + deadline, null)));
      }
    }
  }

  void withdraw(StoreException reason) {
    if (stage.compareAndSet(Stage.WAITING, Stage.OVER)) {
      end(new NotApplied(reason));
    }
  }

  private void end(StoreResult answer) {
    result.complete(answer);
    Future<?> set = alarm;
    if (set != null) {
      set.cancel(false);
    }
  }
}
