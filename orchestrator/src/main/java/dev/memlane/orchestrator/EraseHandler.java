package dev.memlane.orchestrator;

import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Unit;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Deletes many memories, and erases: after it no store holds the content.
 *
 * <p>
 * <b>Two steps.</b> Each memory is deleted first, by an operation like any other. When that has landed, its tombstone is
 * <em>purged</em>, in its turn and by a unit that expects the stamp of the tombstone: core replaces the stamp, so that no
 * undo and nothing late finds what it expects, and history keeps nothing but that it was erased. Then the index removes the
 * memory's documents once more, behind whatever put of it may still have hung. A purge is never undone; one in doubt is
 * done again. Once at the end the index's files and the embedder's cache let go.
 *
 * <p>
 * <b>After a crash.</b> A tombstone that is not purged is found by its scope. So erasing a scope again goes on where
 * it stopped, and takes along what was deleted before. With a filter it can't: a tombstone has no metadata.
 *
 * <p>
 * <b>What others do meanwhile.</b> Passes are made until one finds nothing. An operation of another process that is under way
 * either loses against the delete, or lands and is found by the next pass. Safe for use by several threads.
 */
final class EraseHandler {

  private static final int PAGE = 1_000;
  private static final int MOST_PASSES = 10;
  private static final int TRIES = 3;
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final Function<MemoryDeletion, CompletableFuture<WriteOutcome>> delete;
  private final Expunger expunger;
  private final Duration patience;

  /**
   * @param delete deletes one memory; its future does not fail
   * @param patience how long a purge may take
   */
  EraseHandler(Stores stores, Environment environment, MemoryLocks locks,
      Function<MemoryDeletion, CompletableFuture<WriteOutcome>> delete, Expunger expunger, Duration patience) {
    this.stores = stores;
    this.environment = environment;
    this.locks = locks;
    this.delete = delete;
    this.expunger = expunger;
    this.patience = patience;
  }

  /** Deletes the memories of a scope that pass a filter, expired ones too; histories stay. Fails if core can't be read. */
  CompletableFuture<DeleteReport> deleteAll(Scope scope, @Nullable Filter filter) {
    return deletePage(scope, filter, null, DeleteReport.NOTHING, false);
  }

  /**
   * Erases the memories of a scope that pass a filter, and without a filter also those that were deleted before.
   *
   * @return fails if core can't be read, or if the index has not let go of what was removed
   */
  CompletableFuture<DeleteReport> eraseAll(Scope scope, @Nullable Filter filter) {
    return pass(scope, filter, DeleteReport.NOTHING, MOST_PASSES)
        .thenComposeAsync(report -> expunger.expunge().thenApply(done -> report), environment.executor());
  }

  /**
   * Erases one memory, also if it was deleted before.
   *
   * @return the outcome; fails as {@link #eraseAll} does
   */
  CompletableFuture<WriteOutcome> erase(MemoryDeletion deletion) {
    return delete.apply(deletion)
        .thenComposeAsync(outcome -> switch (outcome) {
          case WriteOutcome.Deleted deleted -> purge(deleted.id(), deleted.op(), TRIES);
          case WriteOutcome.WasDeleted earlier when deletion.expected() == null ->
            purge(earlier.id(), earlier.op(), TRIES);
          default -> CompletableFuture.completedFuture(outcome);
        }, environment.executor())
        .thenComposeAsync(outcome -> outcome instanceof WriteOutcome.Deleted
            ? expunger.expunge().thenApply(done -> outcome)
            : CompletableFuture.completedFuture(outcome), environment.executor());
  }

  private CompletableFuture<DeleteReport> pass(
      Scope scope, @Nullable Filter filter, DeleteReport before, int passesLeft) {
    return deletePage(scope, filter, null, DeleteReport.NOTHING, true).thenComposeAsync(
        deleted -> filter == null
            ? purgePage(scope, null, deleted)
            : CompletableFuture.completedFuture(deleted),
        environment.executor())
        .thenComposeAsync(pass -> {
          DeleteReport report = before.withPass(pass);
          // One that gets nowhere would be repeated in vain; one that found nothing was the last.
          boolean more = pass.deleted() + pass.purged() > 0 && passesLeft > 1;
          return more
              ? pass(scope, filter, report, passesLeft - 1)
              : CompletableFuture.completedFuture(report);
        }, environment.executor());
  }

  private CompletableFuture<DeleteReport> deletePage(
      Scope scope, @Nullable Filter filter, @Nullable MemoryId after, DeleteReport before, boolean purges) {
    return stores.core().list(scope, filter, after, PAGE, null)
        .thenComposeAsync(page -> BoundedParallel
            .run(page, PAGE, memory -> delete.apply(MemoryDeletion.of(memory.id())), environment)
            .thenComposeAsync(outcomes -> {
              DeleteReport report = before.withDeletes(outcomes);
              return purges
                  ? purgeDeleted(page, report)
                  : CompletableFuture.completedFuture(report);
            }, environment.executor())
            .thenComposeAsync(report -> page.size() < PAGE
                ? CompletableFuture.completedFuture(report)
                : deletePage(scope, filter, page.getLast().id(), report, purges), environment.executor()),
            environment.executor());
  }

  /** Of the memories that have been listed, those that are deleted now, by whomever. */
  private CompletableFuture<DeleteReport> purgeDeleted(List<Memory> memories, DeleteReport before) {
    return stores.core().read(memories.stream().map(Memory::id).toList(), false)
        .thenComposeAsync(rows -> purgeAll(rows.values(), before), environment.executor());
  }

  /** Of the tombstones of the scope, those whose history stands. */
  private CompletableFuture<DeleteReport> purgePage(Scope scope, @Nullable MemoryId after, DeleteReport before) {
    return stores.core().unpurged(scope, after, PAGE)
        .thenComposeAsync(rows -> purgeAll(rows, before).thenComposeAsync(report -> rows.size() < PAGE
            ? CompletableFuture.completedFuture(report)
            : purgePage(scope, rows.getLast().id(), report), environment.executor()), environment.executor());
  }

  private CompletableFuture<DeleteReport> purgeAll(Collection<CoreRow> rows, DeleteReport before) {
    List<CoreRow> tombstones = rows.stream().filter(row -> row.state() == CoreRow.State.DELETED).toList();
    return BoundedParallel.run(tombstones, PAGE, row -> purge(row, TRIES), environment).thenApply(before::withPurges);
  }

  /**
   * Purges a memory that was deleted.
   *
   * @param op the delete
   */
  private CompletableFuture<WriteOutcome> purge(MemoryId memory, OperationId op, int triesLeft) {
    return stores.core().read(List.of(memory), false).thenComposeAsync(rows -> {
      CoreRow row = rows.get(memory);
      if (row == null || row.state() == CoreRow.State.VOID) {
        return CompletableFuture.completedFuture(new WriteOutcome.NotFound(memory));
      }
      return row.state() == CoreRow.State.LIVE
          ? CompletableFuture.completedFuture(new WriteOutcome.Conflict(memory, null, row.op()))
          : purge(row, triesLeft);
    }, environment.executor())
        .exceptionallyComposeAsync(failure -> purgeAgain(memory, op, failure, triesLeft), environment.executor());
  }

  /** Completes with a {@link WriteOutcome.Deleted} if it is purged; never fails. */
  private CompletableFuture<WriteOutcome> purge(CoreRow tombstone, int triesLeft) {
    MemoryId memory = tombstone.id();
    OperationId op = tombstone.op();
    Instant deadline = environment.now().plus(patience);
    return locks.runLocked(memory, deadline, () -> purgeLocked(tombstone, deadline)).exceptionally(StoreResult.InDoubt::new)
        .thenComposeAsync(result -> switch (result) {
          case StoreResult.Applied applied -> CompletableFuture.completedFuture(
              new WriteOutcome.Deleted(memory, op, tombstone.version()));
          case StoreResult.NotApplied notApplied -> purgeAgain(memory, op, notApplied.cause(), triesLeft);
          case StoreResult.InDoubt inDoubt -> purgeAgain(memory, op, inDoubt.cause(), triesLeft);
        }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> purgeAgain(
      MemoryId memory, OperationId op, Throwable failure, int triesLeft) {
    return triesLeft > 1
        ? environment.after(PAUSE, () -> purge(memory, op, triesLeft - 1))
        : CompletableFuture.completedFuture(new WriteOutcome.Unpurged(memory, op, Futures.unwrap(failure)));
  }

  private CompletableFuture<StoreResult> purgeLocked(CoreRow tombstone, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.PURGE, tombstone.id(), tombstone.op(), deadline);
    UUID stamp = environment.ids().newStamp();
    CompletableFuture<StoreResult> core = ParallelWrite.part(unit,
        () -> stores.core().purge(unit, tombstone.stamp(), stamp));
    CompletableFuture<StoreResult> history = ParallelWrite.part(unit, () -> stores.history().purge(unit, stamp));
    return core.thenCombine(history, EraseHandler::both).thenComposeAsync(result -> result instanceof StoreResult.Applied
        ? environment.until(deadline, stores.index().removeAll(tombstone.id())).thenApply(done -> result)
        : CompletableFuture.completedFuture(result), environment.executor());
  }

  private static StoreResult both(StoreResult core, StoreResult history) {
    return core instanceof StoreResult.Applied ? history : core;
  }
}
