package dev.memlane.orchestrator;

import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.StoreResult;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Unit;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Lets go of what nobody needs any more: memories that have expired, which are deleted, and after the retention time
 * tombstones with their memory's history, void rows, and void entries.
 *
 * <p>
 * An expired memory is deleted as by a caller who has read it: in its turn, in all stores, and only while it is still in
 * the state that was seen.
 *
 * <p>
 * A tombstone remembers that a key was deleted, and a void row keeps late statements out, so the retention time has to be
 * far longer than any statement can live. Each row goes in one transaction with its memory's entries, and only while it
 * still has the stamp that was seen; several processes may sweep at once. What can't be swept now is left for the next
 * time.
 */
final class Sweeper {

  private static final System.Logger LOGGER = System.getLogger(Sweeper.class.getName());
  /** The actor of these deletes in the history. */
  static final String EXPIRED = "memlane: expired";

  private static final int PAGE = 1_000;
  /** How many are deleted at once: callers' writes come first. */
  private static final int WINDOW = 100;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration FIRST_PAUSE = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofHours(1);

  private final Stores stores;
  private final Environment environment;
  private final Duration retention;
  private final Duration expiredGrace;
  private final Function<MemoryDeletion, CompletableFuture<WriteOutcome>> delete;
  private final RetryLoop loop;
  private volatile boolean closed;

  /**
   * @param expiredGrace how long a memory is kept after it has expired
   * @param delete deletes one memory; its future does not fail
   */
  Sweeper(Stores stores, Environment environment, Duration retention, Duration expiredGrace,
      Function<MemoryDeletion, CompletableFuture<WriteOutcome>> delete) {
    this.stores = stores;
    this.environment = environment;
    this.retention = retention;
    this.expiredGrace = expiredGrace;
    this.delete = delete;
    this.loop = new RetryLoop("sweeping what has expired or was deleted", environment);
  }

  BackgroundWork status() {
    return loop.status();
  }

  /** Sweeps now and then, until it is closed. */
  void start() {
    loop.beginAfter(FIRST_PAUSE, () -> sweep().thenApply(swept -> {
      if (swept > 0) {
        LOGGER.log(System.Logger.Level.INFO, "swept {0} expired, deleted and void memories and entries", swept);
      }
      return RetryLoop.Next.after(PAUSE);
    }));
  }

  /**
   * Deletes what has expired, and sweeps everything older than the retention time.
   *
   * @return how many memories were deleted, and how many rows and void entries went, together; fails if the database can't
   * be read
   */
  CompletableFuture<Long> sweep() {
    Instant now = environment.now();
    Instant before = now.minus(retention);
    return deleteExpired(now.minus(expiredGrace), 0)
        .thenComposeAsync(deleted -> sweepRows(before, deleted), environment.executor())
        .thenComposeAsync(rows -> sweepEntries(before, rows), environment.executor());
  }

  private CompletableFuture<Long> deleteExpired(Instant before, long deletedBefore) {
    return stores.core().expired(before, PAGE).thenComposeAsync(
        rows -> BoundedParallel.run(rows, WINDOW, this::deleteRow, environment).thenComposeAsync(outcomes -> {
          long deleted = outcomes.stream().filter(WriteOutcome.Deleted.class::isInstance).count();
          // A page of which nothing could be deleted would come again and again.
          boolean more = rows.size() == PAGE && deleted > 0 && !closed;
          return more
              ? deleteExpired(before, deletedBefore + deleted)
              : CompletableFuture.completedFuture(deletedBefore + deleted);
        }, environment.executor()), environment.executor());
  }

  private CompletableFuture<WriteOutcome> deleteRow(CoreRow row) {
    return delete.apply(MemoryDeletion.of(row.id()).by(EXPIRED).expecting(row.op()));
  }

  private CompletableFuture<Long> sweepRows(Instant before, long sweptBefore) {
    return stores.core().gone(before, PAGE).thenComposeAsync(
        rows -> BoundedParallel.run(rows, PAGE, this::sweepRow, environment).thenComposeAsync(results -> {
          long swept = results.stream().filter(StoreResult.Applied.class::isInstance).count();
          // A page of which nothing could be swept would come again and again.
          boolean more = rows.size() == PAGE && swept > 0 && !closed;
          return more
              ? sweepRows(before, sweptBefore + swept)
              : CompletableFuture.completedFuture(sweptBefore + swept);
        }, environment.executor()), environment.executor());
  }

  private CompletableFuture<StoreResult> sweepRow(CoreRow row) {
    Unit unit = stores.units().begin(Unit.Kind.SWEEP, row.id(), row.op(), environment.now().plus(PATIENCE));
    CompletableFuture<StoreResult> core = ParallelWrite.part(unit, () -> stores.core().sweep(unit, row.stamp()));
    CompletableFuture<StoreResult> history = ParallelWrite.part(unit, () -> stores.history().sweep(unit));
    return core.thenCombine(history, (coreResult, historyResult) -> coreResult);
  }

  private CompletableFuture<Long> sweepEntries(Instant before, long sweptBefore) {
    return stores.history().sweepVoid(before, PAGE).thenComposeAsync(
        swept -> swept == PAGE && !closed
            ? sweepEntries(before, sweptBefore + swept)
            : CompletableFuture.completedFuture(sweptBefore + swept),
        environment.executor());
  }

  /** Stops after what is under way. */
  void close() {
    closed = true;
    loop.close();
  }
}
