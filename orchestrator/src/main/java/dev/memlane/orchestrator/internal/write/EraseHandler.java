package dev.memlane.orchestrator.internal.write;

import dev.memlane.model.Filter;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.StoreResult;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.listen.OperationType;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Unit;
import dev.memlane.orchestrator.DeleteReport;
import dev.memlane.orchestrator.internal.BoundedParallel;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Futures;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.UnitParts;
import dev.memlane.orchestrator.internal.follow.Expunger;
import dev.memlane.orchestrator.internal.follow.IndexFollower;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The handler of deletions of many memories, and of erasures, after which no store holds the content (rules R14 and R15).
 *
 * <p>
 * <b>Two steps.</b> Each memory is first deleted, by an operation like any other. When the delete has landed, the tombstone
 * is <em>purged</em> under the memory's lock, by a unit that expects the tombstone's stamp. Core replaces the stamp, so that
 * all late statements fail. History keeps nothing but the fact of the erasure. Then the index removes the memory's documents
 * once more, after any put that may still have hung. A purge is never undone; one in doubt is repeated. At the end, the
 * index's files and the embedder's cache are purged once.
 *
 * <p>
 * <b>After a crash.</b> A tombstone that is not purged is found by its scope. So erasing a scope again resumes where the
 * erasure stopped, and also purges what was deleted before. With a filter it can't: a tombstone has no metadata.
 *
 * <p>
 * <b>Concurrent writes.</b> Passes are made until one finds nothing. An operation of another process that is under way
 * either fails because of the delete, or lands and is found by the next pass. Safe for use by several threads.
 */
public final class EraseHandler {

  private static final int PAGE = 1_000;
  private static final int MOST_PASSES = 10;
  private static final int TRIES = 3;
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Stores stores;
  private final Environment environment;
  private final MemoryLocks locks;
  private final BiFunction<MemoryDeletion, @Nullable Activity, CompletableFuture<WriteOutcome>> delete;
  private final Function<Scope, CompletableFuture<Long>> deleteConversations;
  private final IndexFollower follower;
  private final Expunger expunger;
  private final Duration patience;

  /**
   * @param delete deletes one memory as a caller's write, which is the activity; its future does not fail
   * @param deleteConversations deletes the conversations of a scope; returns the number of messages
   * @param patience how long a purge may take
   */
  public EraseHandler(Stores stores, Environment environment, MemoryLocks locks,
      BiFunction<MemoryDeletion, @Nullable Activity, CompletableFuture<WriteOutcome>> delete,
      Function<Scope, CompletableFuture<Long>> deleteConversations, IndexFollower follower, Expunger expunger,
      Duration patience) {
    this.stores = stores;
    this.follower = follower;
    this.environment = environment;
    this.locks = locks;
    this.delete = delete;
    this.deleteConversations = deleteConversations;
    this.expunger = expunger;
    this.patience = patience;
  }

  /**
   * Deletes the memories of a scope that match a filter, including expired ones, and without a filter the conversations.
   * Histories stay. Fails if core can't be read, or the conversations could not be deleted.
   *
   * @param batch the caller's operation; null if nobody listens
   */
  public CompletableFuture<DeleteReport> deleteAll(Scope scope, @Nullable Filter filter, @Nullable Activity batch) {
    return afterConversations(scope, filter,
        () -> deletePage(scope, filter, null, DeleteTally.NOTHING, false, batch));
  }

  /**
   * Erases the memories of a scope that match a filter, and without a filter also those that were deleted before and the
   * conversations.
   *
   * @param batch the caller's operation; null if nobody listens
   * @return fails if core can't be read, or if the conversations could not be deleted or the index's files not be purged
   */
  public CompletableFuture<DeleteReport> eraseAll(Scope scope, @Nullable Filter filter, @Nullable Activity batch) {
    return afterConversations(scope, filter, () -> pass(scope, filter, DeleteTally.NOTHING, MOST_PASSES, batch)
        .thenComposeAsync(tally -> expunger.expunge().thenApply(done -> tally), environment.executor()));
  }

  /** Conversations come first, because what reads them may store memories of what they say. */
  private CompletableFuture<DeleteReport> afterConversations(
      Scope scope, @Nullable Filter filter, Supplier<CompletableFuture<DeleteTally>> memories) {
    CompletableFuture<Long> conversations = filter == null
        ? deleteConversations.apply(scope)
        : CompletableFuture.completedFuture(0L);
    return environment.then(conversations,
        messages -> memories.get().thenApply(tally -> tally.toReport(messages)));
  }

  /**
   * Deletes each of these memories, and erases those whose deletion says so, even if they were deleted before.
   *
   * @param beginning begins the activity of a deletion; returns null if nobody listens
   * @return the outcomes, in the order of the deletions; fails as {@link #eraseAll} does
   */
  public CompletableFuture<List<WriteOutcome>> deleteEach(
      List<MemoryDeletion> deletions, Function<MemoryDeletion, @Nullable Activity> beginning) {
    CompletableFuture<List<WriteOutcome>> ended = BoundedParallel.run(deletions, PAGE, deletion -> {
      Activity activity = beginning.apply(deletion);
      return Activity.ending(activity,
          deletion.purgesHistory() ? deleteAndPurge(deletion, activity) : delete.apply(deletion, activity));
    }, environment);
    return deletions.stream().anyMatch(MemoryDeletion::purgesHistory)
        ? ended.thenComposeAsync(outcomes -> outcomes.stream().anyMatch(WriteOutcome.Deleted.class::isInstance)
            ? expunger.expunge().thenApply(done -> outcomes)
            : CompletableFuture.completedFuture(outcomes), environment.executor())
        : ended;
  }

  private CompletableFuture<WriteOutcome> deleteAndPurge(MemoryDeletion deletion, @Nullable Activity activity) {
    return delete.apply(deletion, activity).thenComposeAsync(outcome -> switch (outcome) {
      case WriteOutcome.Deleted deleted -> purge(deleted.id(), deleted.op(), TRIES);
      case WriteOutcome.WasDeleted earlier when deletion.expected() == null ->
        purge(earlier.id(), earlier.op(), TRIES);
      default -> CompletableFuture.completedFuture(outcome);
    }, environment.executor());
  }

  private CompletableFuture<DeleteTally> pass(
      Scope scope, @Nullable Filter filter, DeleteTally before, int passesLeft, @Nullable Activity batch) {
    return deletePage(scope, filter, null, DeleteTally.NOTHING, true, batch).thenComposeAsync(
        deleted -> filter == null
            ? purgePage(scope, null, deleted)
            : CompletableFuture.completedFuture(deleted),
        environment.executor())
        .thenComposeAsync(pass -> {
          DeleteTally tally = before.withPass(pass);
          // A pass that changed nothing is the last: it found nothing, or repeating it would be in vain.
          boolean more = pass.deleted() + pass.purged() > 0 && passesLeft > 1;
          return more
              ? pass(scope, filter, tally, passesLeft - 1, batch)
              : CompletableFuture.completedFuture(tally);
        }, environment.executor());
  }

  private CompletableFuture<DeleteTally> deletePage(
      Scope scope, @Nullable Filter filter, @Nullable MemoryId after, DeleteTally before, boolean purges,
      @Nullable Activity batch) {
    return stores.core().list(scope, filter, after, PAGE, null)
        .thenComposeAsync(page -> BoundedParallel
            .run(page, PAGE, memory -> deletePart(memory.id(), batch), environment)
            .thenComposeAsync(outcomes -> {
              DeleteTally tally = before.withDeletes(outcomes);
              return purges
                  ? purgeDeleted(page, tally)
                  : CompletableFuture.completedFuture(tally);
            }, environment.executor())
            .thenComposeAsync(tally -> page.size() < PAGE
                ? CompletableFuture.completedFuture(tally)
                : deletePage(scope, filter, page.getLast().id(), tally, purges, batch), environment.executor()),
            environment.executor());
  }

  private CompletableFuture<WriteOutcome> deletePart(MemoryId memory, @Nullable Activity batch) {
    MemoryDeletion deletion = MemoryDeletion.of(memory);
    Activity activity = Activity.begin(batch, OperationType.DELETE, deletion);
    return Activity.ending(activity, delete.apply(deletion, activity));
  }

  /** Purges the listed memories that are deleted by now, by this or another process. */
  private CompletableFuture<DeleteTally> purgeDeleted(List<Memory> memories, DeleteTally before) {
    return stores.core().read(memories.stream().map(Memory::id).toList(), false)
        .thenComposeAsync(rows -> purgeAll(rows.values(), before), environment.executor());
  }

  /** Purges the tombstones of the scope whose history is still there. */
  private CompletableFuture<DeleteTally> purgePage(Scope scope, @Nullable MemoryId after, DeleteTally before) {
    return stores.core().unpurged(scope, after, PAGE)
        .thenComposeAsync(rows -> purgeAll(rows, before).thenComposeAsync(tally -> rows.size() < PAGE
            ? CompletableFuture.completedFuture(tally)
            : purgePage(scope, rows.getLast().id(), tally), environment.executor()), environment.executor());
  }

  private CompletableFuture<DeleteTally> purgeAll(Collection<CoreRow> rows, DeleteTally before) {
    List<CoreRow> tombstones = rows.stream().filter(row -> row.state() == CoreRow.State.DELETED).toList();
    return BoundedParallel.run(tombstones, PAGE, row -> purge(row, TRIES), environment).thenApply(before::withPurges);
  }

  /**
   * Purges a deleted memory.
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

  /** Completes with {@link WriteOutcome.Deleted} if the memory is purged; never fails. */
  private CompletableFuture<WriteOutcome> purge(CoreRow tombstone, int triesLeft) {
    MemoryId memory = tombstone.id();
    OperationId op = tombstone.op();
    Instant deadline = environment.now().plus(patience);
    return locks.runLocked(memory, deadline, () -> purgeLocked(tombstone, deadline))
        .exceptionally(StoreResult.InDoubt::new)
        .thenComposeAsync(result -> switch (result) {
          case StoreResult.Applied applied -> CompletableFuture.completedFuture(
              new WriteOutcome.Deleted(memory, op, tombstone.version()));
          case StoreResult.NotApplied notApplied -> purgeAgain(memory, op, notApplied.cause(), triesLeft);
          case StoreResult.InDoubt inDoubt -> purgeAgain(memory, op, inDoubt.cause(), triesLeft);
        }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> purgeAgain(
      MemoryId memory, OperationId op, Throwable failure, int triesLeft) {
    if (triesLeft > 1) {
      return environment.after(PAUSE, () -> purge(memory, op, triesLeft - 1));
    }
    // The purge may have been executed. Then the log no longer reports the changes that the index has not followed yet.
    follower.background().follow(memory, failure);
    return CompletableFuture.completedFuture(new WriteOutcome.Unpurged(memory, op, Futures.unwrap(failure)));
  }

  private CompletableFuture<StoreResult> purgeLocked(CoreRow tombstone, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.PURGE, tombstone.id(), tombstone.op(), deadline);
    UUID stamp = environment.ids().newStamp();
    return UnitParts
        .joinBoth(unit, () -> stores.core().purge(unit, tombstone.stamp(), stamp),
            () -> stores.history().purge(unit, stamp))
        .thenComposeAsync(result -> result instanceof StoreResult.Applied
            ? follower.removeAllLocked(tombstone.id(), deadline).thenApply(done -> result)
            : CompletableFuture.completedFuture(result), environment.executor());
  }
}
