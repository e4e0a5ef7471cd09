package dev.memlane.orchestrator.internal.write;

import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.StoreResult;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Unit;
import dev.memlane.orchestrator.BackgroundWork;
import dev.memlane.orchestrator.internal.BoundedParallel;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.RetryLoop;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.UnitParts;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The periodic deletion of what is no longer needed: memories that have expired, and, after the retention time, tombstones
 * with their memory's history, void rows and void entries (rule R12).
 *
 * <p>
 * An expired memory is deleted as a caller would delete it: under its lock, in all stores, and only while it is still in
 * the state that was read.
 *
 * <p>
 * A tombstone records that a key was deleted, and a void row keeps late statements out, so the retention time has to be far
 * longer than any statement can live. Each row is removed in one transaction with its memory's entries, and only while it
 * has the stamp that was read; several processes may sweep at once. What can't be swept now is left for the next time.
 *
 * <p>
 * A sweep also removes what interrupted deletions of conversations have left.
 */
public final class Sweeper {

  private static final System.Logger LOGGER = System.getLogger(Sweeper.class.getName());
  /** The actor of these deletes in the history. */
  static final String EXPIRED = "memlane: expired";

  private static final int PAGE = 1_000;
  /** Few, because callers' writes come first. */
  private static final int DELETES_AT_ONCE = 100;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration FIRST_PAUSE = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofHours(1);

  private final Stores stores;
  private final Environment environment;
  private final Duration retention;
  private final Duration expiredGrace;
  private final Function<MemoryDeletion, CompletableFuture<WriteOutcome>> delete;
  private final Supplier<CompletableFuture<Long>> sweepConversations;
  private final RetryLoop loop;
  private volatile boolean closed;

  /**
   * @param expiredGrace how long a memory is kept after it has expired
   * @param delete deletes one memory; its future does not fail
   * @param sweepConversations removes what interrupted deletions of conversations have left; returns the number of messages
   */
  public Sweeper(Stores stores, Environment environment, Duration retention, Duration expiredGrace,
      Function<MemoryDeletion, CompletableFuture<WriteOutcome>> delete,
      Supplier<CompletableFuture<Long>> sweepConversations) {
    this.stores = stores;
    this.environment = environment;
    this.retention = retention;
    this.expiredGrace = expiredGrace;
    this.delete = delete;
    this.sweepConversations = sweepConversations;
    this.loop = new RetryLoop("sweeping what has expired or was deleted", environment);
  }

  public BackgroundWork status() {
    return loop.status();
  }

  /** Begins to sweep every hour, until this is closed. */
  public void start() {
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
   * @return the number of deleted memories, swept rows, void entries and messages together; fails if the database can't be
   * read
   */
  public CompletableFuture<Long> sweep() {
    Instant now = environment.now();
    Instant before = now.minus(retention);
    return deleteExpired(now.minus(expiredGrace), 0)
        .thenComposeAsync(deleted -> sweepRows(before, deleted), environment.executor())
        .thenComposeAsync(rows -> sweepEntries(before, rows), environment.executor())
        .thenCompose(swept -> sweepConversations.get().thenApply(messages -> swept + messages));
  }

  private CompletableFuture<Long> deleteExpired(Instant before, long deletedBefore) {
    return stores.core().expired(before, PAGE).thenComposeAsync(
        rows -> BoundedParallel.run(rows, DELETES_AT_ONCE, this::deleteRow, environment).thenComposeAsync(outcomes -> {
          long deleted = outcomes.stream().filter(WriteOutcome.Deleted.class::isInstance).count();
          // Without this, a page of which nothing can be deleted would be read over and over.
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
    return stores.core().sweepable(before, PAGE).thenComposeAsync(
        rows -> BoundedParallel.run(rows, PAGE, this::sweepRow, environment).thenComposeAsync(results -> {
          long swept = results.stream().filter(StoreResult.Applied.class::isInstance).count();
          // Without this, a page of which nothing can be swept would be read over and over.
          boolean more = rows.size() == PAGE && swept > 0 && !closed;
          return more
              ? sweepRows(before, sweptBefore + swept)
              : CompletableFuture.completedFuture(sweptBefore + swept);
        }, environment.executor()), environment.executor());
  }

  private CompletableFuture<StoreResult> sweepRow(CoreRow row) {
    Unit unit = stores.units().begin(Unit.Kind.SWEEP, row.id(), row.op(), environment.now().plus(PATIENCE));
    return UnitParts.joinBoth(unit, () -> stores.core().sweep(unit, row.stamp()), () -> stores.history().sweep(unit));
  }

  private CompletableFuture<Long> sweepEntries(Instant before, long sweptBefore) {
    return stores.history().sweepVoid(before, PAGE).thenComposeAsync(
        swept -> swept == PAGE && !closed
            ? sweepEntries(before, sweptBefore + swept)
            : CompletableFuture.completedFuture(sweptBefore + swept),
        environment.executor());
  }

  /** Stops sweeping. A page that is under way is finished. */
  public void close() {
    closed = true;
    loop.close();
  }
}
