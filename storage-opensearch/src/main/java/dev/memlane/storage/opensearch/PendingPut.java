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
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A put on its way to the cluster, and its one result.
 *
 * <p>
 * A waiting put is either sent or withdrawn. That is decided once, so a withdrawn put never reaches the cluster. A put
 * that was sent can't be taken back: at the deadline its result is "in doubt", and its answer is ignored.
 */
final class PendingPut implements WriteOrder.Write {

  private enum Stage {
    WAITING, SENT, WITHDRAWN
  }

  private final IndexDocument document;
  private final Instant deadline;
  private final BiFunction<IndexDocument, BooleanSupplier, CompletableFuture<Void>> sender;
  private final Runnable written;
  private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.WAITING);
  private final CompletableFuture<StoreResult> result = new CompletableFuture<>();
  private volatile @Nullable Future<?> alarm;

  /**
   * @param sender sends a document, unless its second argument says that it must not be sent any more
   * @param written is called before a result that is not "not applied"
   */
  PendingPut(IndexDocument document, Instant deadline,
      BiFunction<IndexDocument, BooleanSupplier, CompletableFuture<Void>> sender, Runnable written) {
    this.document = document;
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
      unused = sender.apply(document, () -> stage.compareAndSet(Stage.WAITING, Stage.SENT))
          .whenComplete((done, failure) -> answered(failure));
    }
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
      end(new NotApplied(cause));
    } else {
      written.run();
      end(new InDoubt(cause));
    }
  }

  /** Ends the put at its deadline. */
  void expire() {
    withdraw(new StoreException("the index on OpenSearch was not sent memory " + memory() + " before " + deadline
        + ": it has too much to do, or does not answer; try again", null));
    if (stage.get() == Stage.SENT && !result.isDone()) {
      written.run();
      end(new InDoubt(new StoreException(
          "the index on OpenSearch was sent memory " + memory() + " but had not answered by " + deadline, null)));
    }
  }

  void withdraw(StoreException reason) {
    if (stage.compareAndSet(Stage.WAITING, Stage.WITHDRAWN)) {
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
