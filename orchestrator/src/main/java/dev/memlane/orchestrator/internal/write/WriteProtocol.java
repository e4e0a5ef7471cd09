package dev.memlane.orchestrator.internal.write;

import dev.memlane.model.Memory;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResults;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.listen.StepType;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.MemoryLocks;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.UnitParts;
import dev.memlane.orchestrator.internal.follow.IndexFollower;
import dev.memlane.orchestrator.internal.follow.OwnChanges;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The write protocol: carries one operation from the memory's lock to its outcome.
 *
 * <p>
 * The caller holds the memory's lock and keeps it until the outcome is known. The steps are:
 * <ol>
 * <li>Write to the three stores at once. A delete asks the index first.
 * <li>If the unit is in doubt, fence and look (rule R3).
 * <li>If all three applied, remove the older documents: the operation is stored.
 * <li>If core applied and the index did not, undo core (rule R4). If another operation has built on it, make the index
 * follow instead.
 * <li>If core did not apply, remove the document, and read the row, which shows why.
 * </ol>
 * An operation is unsettled if its fate can't be found out before the deadline, or if its put hangs. The {@link Settler}
 * then settles it in the background.
 *
 * <p>
 * Safe for use by several threads.
 */
public final class WriteProtocol {

  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Stores stores;
  private final Environment environment;
  private final ParallelWrite parallelWrite;
  private final InDoubtResolver inDoubtResolver;
  private final Rollback rollback;
  private final Settler settler;
  private final IndexFollower follower;
  private final OwnChanges ownChanges;

  public WriteProtocol(Stores stores, Environment environment, InDoubtResolver inDoubtResolver, Settler settler,
      IndexFollower follower, OwnChanges ownChanges) {
    this.stores = stores;
    this.environment = environment;
    this.parallelWrite = new ParallelWrite(stores, environment);
    this.inDoubtResolver = inDoubtResolver;
    this.rollback = new Rollback(stores, environment, inDoubtResolver, follower.background());
    this.settler = settler;
    this.follower = follower;
    this.ownChanges = ownChanges;
  }

  /**
   * Runs the operation. Needs the memory's lock.
   *
   * @return the operation's outcome, completed on a thread that may be blocked; never fails. A {@link WriteOutcome.Conflict}
   * without an expectation means that the row is not the one from which the operation started
   */
  CompletableFuture<WriteOutcome> run(Operation operation, Instant deadline) {
    long generation = stores.index().generation();
    return parallelWrite.write(operation, deadline)
        .thenCompose(results -> results.allApplied()
            ? complete(operation, deadline)
            : Activity.ending(Activity.step(operation.activity(), StepType.SETTLING),
                settle(operation, results, false, deadline)))
        .exceptionally(defect -> unsettled(operation, defect, null))
        .thenCompose(outcome -> hasLanded(outcome) && stores.index().generation() != generation
            ? putAgain(operation, outcome, deadline)
            : CompletableFuture.completedFuture(outcome))
        .thenApply(outcome -> {
          switch (outcome) {
            case WriteOutcome.Stored stored -> ownChanges.ended(stored.memory().op());
            case WriteOutcome.Deleted deleted -> ownChanges.ended(deleted.op());
            default -> {
              // Others will see what became of it in the log.
            }
          }
          return outcome;
        });
  }

  private static boolean hasLanded(WriteOutcome outcome) {
    return outcome instanceof WriteOutcome.Stored || outcome instanceof WriteOutcome.Deleted;
  }

  /** Puts the document again, because the index has lost its last writes while the operation was under way (rule R11). */
  private CompletableFuture<WriteOutcome> putAgain(Operation operation, WriteOutcome outcome, Instant deadline) {
    return follower.followLocked(operation.memory(), deadline)
        .handleAsync((done, failure) -> failure == null ? outcome : unsettled(operation, failure, null),
            environment.executor());
  }

  /**
   * @param fenced whether this operation's own fence may have replaced the row's stamp
   */
  private CompletableFuture<WriteOutcome> settle(
      Operation operation, StoreResults results, boolean fenced, Instant deadline) {
    StoreResult unit = results.unit();
    if (unit instanceof StoreResult.InDoubt) {
      return inDoubtResolver.resolveLocked(operation, deadline).thenComposeAsync(resolved -> {
        if (resolved instanceof StoreResult.InDoubt inDoubt) {
          return CompletableFuture.completedFuture(unsettled(operation, inDoubt.cause(), results));
        }
        StoreResult known = resolved instanceof StoreResult.NotApplied
            ? new StoreResult.NotApplied(cause(results))
            : resolved;
        return settle(operation, new StoreResults(known, results.vector(), known), true, deadline);
      }, environment.executor());
    }
    if (results.vector() instanceof StoreResult.InDoubt hanging) {
      return CompletableFuture.completedFuture(unsettled(operation, hanging.cause(), results));
    }
    if (results.allApplied()) {
      return complete(operation, deadline);
    }
    return unit instanceof StoreResult.Applied
        ? undo(operation, results, deadline)
        : explain(operation, results, fenced, deadline);
  }

  /** Removes the older documents after all three stores have applied the operation. */
  private CompletableFuture<WriteOutcome> complete(Operation operation, Instant deadline) {
    if (operation.kind() == Operation.Kind.ADD) {
      return CompletableFuture.completedFuture(landed(operation));
    }
    return CompletableFuture.completedFuture(new DocumentName(operation.memory(), before(operation).op()))
        .thenCompose(name -> environment.until(deadline, stores.index().remove(name)))
        .handleAsync((done, failure) -> {
          if (failure != null) {
            // The operation has landed and can be found; an older document that is left only costs searches a little.
            follower.background().follow(operation.memory(), failure);
          }
          return landed(operation);
        }, environment.executor());
  }

  private static CoreRow before(Operation operation) {
    CoreRow before = operation.before();
    if (before == null) {
      throw new IllegalStateException(operation + " starts from no row");
    }
    return before;
  }

  private static WriteOutcome landed(Operation operation) {
    return operation.kind() == Operation.Kind.DELETE
        ? new WriteOutcome.Deleted(operation.memory(), operation.op(), operation.version())
        : new WriteOutcome.Stored(operation.requireAfter());
  }

  /** Undoes an operation that landed in core but not in the index. */
  private CompletableFuture<WriteOutcome> undo(Operation operation, StoreResults results, Instant deadline) {
    return rollback.undoLanded(operation, deadline).thenComposeAsync(ending -> switch (ending) {
      case UNDONE -> rolledBack(operation, results, deadline);
      case STANDS -> follower.followLocked(operation.memory(), deadline)
          .handleAsync((done, failure) -> failure == null ? landed(operation) : unsettled(operation, failure, results),
              environment.executor());
      case UNKNOWN -> CompletableFuture.completedFuture(unsettled(operation, cause(results), results));
    }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> rolledBack(Operation operation, StoreResults results, Instant deadline) {
    return rollback.removeDocument(operation, results.vector(), deadline).thenApply(
        ignored -> new WriteOutcome.RolledBack(operation.memory(), operation.op(), cause(results), results));
  }

  /** Finds the outcome of an operation that core did not apply: the row that is there shows why. */
  private CompletableFuture<WriteOutcome> explain(
      Operation operation, StoreResults results, boolean fenced, Instant deadline) {
    if (!(results.vector() instanceof StoreResult.Applied)) {
      return rolledBack(operation, results, deadline);
    }
    return environment.until(deadline, stores.core().read(List.of(operation.memory()), false)).thenApply(Optional::of)
        // It is certain that the operation did not land; only the reason can't be read now.
        .exceptionally(failure -> Optional.empty()).thenComposeAsync(rows -> {
          if (rows.isEmpty()) {
            return rolledBack(operation, results, deadline);
          }
          CoreRow row = rows.get().get(operation.memory());
          return operation.kind() == Operation.Kind.ADD
              ? explainAdd(operation, results, row, fenced, deadline)
              : explainChange(operation, results, row, fenced, deadline);
        }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> explainAdd(
      Operation operation, StoreResults results, @Nullable CoreRow row, boolean fenced, Instant deadline) {
    if (row != null && row.state() != CoreRow.State.VOID) {
      return confirmAndAnswer(row, operation, results, fenced, deadline);
    }
    if (!operation.unique()) {
      return addOver(row, operation, results, deadline);
    }
    Memory after = operation.requireAfter();
    return environment.until(deadline, stores.core().findUnique(after.scope(), after.content()))
        // It is certain that the operation did not land; only the reason can't be read now.
        .exceptionally(failure -> Optional.empty()).thenComposeAsync(holder -> holder.isPresent()
            ? confirmAndAnswer(holder.get(), operation, results, fenced, deadline)
            : addOver(row, operation, results, deadline), environment.executor());
  }

  /**
   * Writes an add again, over a void row that it had not seen. That is another operation, with a document of its own: where
   * the index is shared, the first one's document may have been removed by whoever left the void row.
   */
  private CompletableFuture<WriteOutcome> addOver(
      @Nullable CoreRow voidRow, Operation operation, StoreResults results, Instant deadline) {
    if (voidRow == null || operation.before() != null) {
      return rolledBack(operation, results, deadline);
    }
    Operation over = operation.anew(environment.ids().newOperation(), voidRow);
    return rollback.removeDocument(operation, results.vector(), deadline)
        .thenCompose(removed -> parallelWrite.write(over, deadline))
        .thenComposeAsync(again -> settle(over, again, false, deadline), environment.executor());
  }

  /** Answers an add with the row that it met, under its key or with its content, after confirming that row. */
  private CompletableFuture<WriteOutcome> confirmAndAnswer(
      CoreRow row, Operation operation, StoreResults results, boolean fenced, Instant deadline) {
    return confirm(row, deadline).thenComposeAsync(confirmed -> {
      if (confirmed instanceof StoreResult.Applied) {
        return rollback.removeDocument(operation, results.vector(), deadline).thenApply(ignored -> duplicate(row));
      }
      return environment.isPast(deadline)
          ? rolledBack(operation, results, deadline)
          : explain(operation, results, fenced, deadline);
    }, environment.executor());
  }

  /**
   * Answers with a memory that is there already, as {@link #answerWith} does, under the memory's lock. Pauses first if the same
   * row could not be confirmed before: then the database is at fault, and asking it at once again would not help it.
   *
   * @param unconfirmed the stamp of the row that could not be confirmed before; null if there is none
   */
  CompletableFuture<WriteOutcome> answerUnderLock(
      CoreRow row, MemoryLocks locks, Instant deadline, @Nullable UUID unconfirmed) {
    return row.stamp().equals(unconfirmed)
        ? environment.after(PAUSE, () -> answerUnderLock(row, locks, deadline, null))
        : locks.runLocked(row.id(), deadline, () -> answerWith(row, deadline));
  }

  /**
   * Answers with a memory that is there already, before anything was written, after confirming its row. Needs the memory's
   * lock.
   *
   * @return refused if the row has changed since it was read, or can't be confirmed; never fails
   */
  CompletableFuture<WriteOutcome> answerWith(CoreRow row, Instant deadline) {
    return confirm(row, deadline).thenApply(confirmed -> confirmed instanceof StoreResult.Applied
        ? duplicate(row)
        : new WriteOutcome.Refused("memory " + row.id() + " is there already, and could not be confirmed in time",
            confirmed.cause()));
  }

  /**
   * Confirms the state of a row with which an add is answered, so that no rollback can remove it any more (rule R6).
   *
   * @return applied if the state stands; never fails
   */
  public CompletableFuture<StoreResult> confirm(CoreRow row, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.CONFIRM, row.id(), row.op(), deadline);
    return UnitParts.join(unit, () -> stores.core().confirm(unit, environment.ids().newStamp()));
  }

  /** The outcome of an add that met this row. */
  static WriteOutcome duplicate(CoreRow row) {
    Memory memory = row.memory();
    return memory == null ? new WriteOutcome.WasDeleted(row.id(), row.op()) : new WriteOutcome.DuplicateOf(memory);
  }

  private CompletableFuture<WriteOutcome> explainChange(
      Operation operation, StoreResults results, @Nullable CoreRow row, boolean fenced, Instant deadline) {
    // After a fence the stamp differs in any case. Without one, another stamp means a confirmation, and a new start.
    boolean changed = row == null || !row.op().equals(before(operation).op())
        || !fenced && !row.stamp().equals(operation.expectedStamp());
    return changed
        ? rollback.removeDocument(operation, results.vector(), deadline).thenApply(
            ignored -> new WriteOutcome.Conflict(operation.memory(), null, row == null ? null : row.op()))
        : rolledBack(operation, results, deadline);
  }

  private WriteOutcome unsettled(Operation operation, Throwable cause, @Nullable StoreResults results) {
    settler.settleInBackground(operation);
    return new WriteOutcome.Unsettled(operation.memory(), operation.op(), cause, results);
  }

  private static Throwable cause(StoreResults results) {
    Throwable cause = results.cause();
    return cause == null ? new StoreException("the stores did not agree", null) : cause;
  }
}
