package dev.memlane.orchestrator;

import dev.memlane.model.Memory;
import dev.memlane.model.StoreException;
import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResults;
import dev.memlane.model.WriteOutcome;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Carries one operation from its turn to its outcome, by the rules of the write protocol.
 *
 * <p>
 * Whoever calls has the memory's turn and keeps it until the outcome is there. The steps, in the words of the rules:
 * fan out; if core is in doubt, fence and look; if all applied, the older documents go and it is stored; if core landed
 * and the index didn't take it, undo core, and where that can't be done any more, complete forward; if core did not
 * take it, the document goes and the row that is there tells why. What can't be found out until the deadline, and a put
 * that hangs, makes the operation unsettled, and the settler goes on.
 */
final class WriteProtocol {

  private final Stores stores;
  private final Environment environment;
  private final ParallelWrite parallelWrite;
  private final InDoubtResolver inDoubtResolver;
  private final Rollback rollback;
  private final Settler settler;
  private final IndexFollower follower;
  private final BackgroundFollower backgroundFollower;

  WriteProtocol(Stores stores, Environment environment, ParallelWrite parallelWrite, InDoubtResolver inDoubtResolver, Rollback rollback,
      Settler settler, IndexFollower follower, BackgroundFollower backgroundFollower) {
    this.stores = stores;
    this.environment = environment;
    this.parallelWrite = parallelWrite;
    this.inDoubtResolver = inDoubtResolver;
    this.rollback = rollback;
    this.settler = settler;
    this.follower = follower;
    this.backgroundFollower = backgroundFollower;
  }

  /**
   * Runs the operation.
   *
   * @return its outcome, completed on a thread that may be blocked; a {@link WriteOutcome.Conflict} without an expectation
   * means that the row is not the one that the operation started from. Never fails
   */
  CompletableFuture<WriteOutcome> run(Operation operation, Instant deadline) {
    long generation = stores.index().generation();
    return parallelWrite.write(operation, deadline)
        .thenCompose(answers -> settle(operation, answers, false, deadline))
        .exceptionally(defect -> unsettled(operation, defect, null))
        .thenCompose(outcome -> hasLanded(outcome) && stores.index().generation() != generation
            ? putAgain(operation, outcome, deadline)
            : CompletableFuture.completedFuture(outcome));
  }

  private static boolean hasLanded(WriteOutcome outcome) {
    return outcome instanceof WriteOutcome.Stored || outcome instanceof WriteOutcome.Deleted;
  }

  /** The index failed and lost its last writes while the operation was under way, perhaps after it had this one. */
  private CompletableFuture<WriteOutcome> putAgain(Operation operation, WriteOutcome outcome, Instant deadline) {
    return follower.followLocked(operation.memory(), deadline)
        .handleAsync((done, failure) -> failure == null ? outcome : unsettled(operation, failure, null),
            environment.executor());
  }

  /**
   * @param fenced whether the row's stamp may have been replaced by our own fence
   */
  private CompletableFuture<WriteOutcome> settle(
      Operation operation, StoreResults answers, boolean fenced, Instant deadline) {
    if (answers.core() instanceof StoreResult.InDoubt || answers.history() instanceof StoreResult.InDoubt) {
      return inDoubtResolver.resolve(operation, deadline).thenComposeAsync(answer -> {
        if (answer instanceof StoreResult.InDoubt inDoubt) {
          return CompletableFuture.completedFuture(unsettled(operation, inDoubt.cause(), answers));
        }
        StoreResult known = answer instanceof StoreResult.NotApplied
            ? new StoreResult.NotApplied(cause(answers))
            : answer;
        return settle(operation, new StoreResults(known, answers.vector(), known), true, deadline);
      }, environment.executor());
    }
    if (answers.vector() instanceof StoreResult.InDoubt hanging) {
      return CompletableFuture.completedFuture(unsettled(operation, hanging.cause(), answers));
    }
    if (answers.allApplied()) {
      return complete(operation, deadline);
    }
    return answers.core() instanceof StoreResult.Applied
        ? undo(operation, answers, deadline)
        : explain(operation, answers, fenced, deadline);
  }

  /** All applied: the older document goes, and the caller is answered. */
  private CompletableFuture<WriteOutcome> complete(Operation operation, Instant deadline) {
    if (operation.kind() == Operation.Kind.ADD) {
      return CompletableFuture.completedFuture(landed(operation));
    }
    return CompletableFuture.completedFuture(operation.kind())
        .thenCompose(kind -> environment.until(deadline, kind == Operation.Kind.DELETE
            ? stores.index().removeAll(operation.memory())
            : stores.index().remove(new DocumentName(operation.memory(), before(operation).op()))))
        .handleAsync((done, failure) -> {
          if (failure != null) {
            // It has landed and can be found; that its older document still stands only costs searches a little.
            backgroundFollower.follow(operation.memory(), failure);
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

  /** Core landed, the index failed. */
  private CompletableFuture<WriteOutcome> undo(Operation operation, StoreResults answers, Instant deadline) {
    return rollback.undoLanded(operation, deadline).thenComposeAsync(ending -> switch (ending) {
      case UNDONE -> rolledBack(operation, answers, deadline);
      case STANDS -> follower.followLocked(operation.memory(), deadline)
          .handleAsync((done, failure) -> failure == null ? landed(operation) : unsettled(operation, failure, answers),
              environment.executor());
      case UNKNOWN -> CompletableFuture.completedFuture(unsettled(operation, cause(answers), answers));
    }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> rolledBack(Operation operation, StoreResults answers, Instant deadline) {
    return rollback.takeBack(operation, answers.vector(), deadline).thenApply(
        ignored -> new WriteOutcome.RolledBack(operation.memory(), operation.op(), cause(answers), answers));
  }

  /** Core did not take it: the row that is there says why. */
  private CompletableFuture<WriteOutcome> explain(
      Operation operation, StoreResults answers, boolean fenced, Instant deadline) {
    if (!(answers.vector() instanceof StoreResult.Applied)) {
      return rolledBack(operation, answers, deadline);
    }
    return environment.until(deadline, stores.core().read(List.of(operation.memory()), false)).thenApply(Optional::of)
        // That it isn't there is certain; only the reason can't be told now.
        .exceptionally(failure -> Optional.empty()).thenComposeAsync(rows -> {
          if (rows.isEmpty()) {
            return rolledBack(operation, answers, deadline);
          }
          CoreRow row = rows.get().get(operation.memory());
          return operation.kind() == Operation.Kind.ADD
              ? explainAdd(operation, answers, row, fenced, deadline)
              : explainChange(operation, answers, row, fenced, deadline);
        }, environment.executor());
  }

  private CompletableFuture<WriteOutcome> explainAdd(
      Operation operation, StoreResults answers, @Nullable CoreRow row, boolean fenced, Instant deadline) {
    if (row != null && row.state() != CoreRow.State.VOID) {
      return answerWith(row, operation, answers, fenced, deadline);
    }
    if (!operation.unique()) {
      return addOver(row, operation, answers, deadline);
    }
    Memory after = operation.requireAfter();
    return environment.until(deadline, stores.core().unique(after.scope(), after.content()))
        .exceptionally(failure -> Optional.empty()) // Then the reason can't be told; that it isn't there is certain.
        .thenComposeAsync(holder -> holder.isPresent()
            ? answerWith(holder.get(), operation, answers, fenced, deadline)
            : addOver(row, operation, answers, deadline), environment.executor());
  }

  /** The add met a void row that it had not seen: it goes again, over that. */
  private CompletableFuture<WriteOutcome> addOver(
      @Nullable CoreRow voidRow, Operation operation, StoreResults answers, Instant deadline) {
    if (voidRow == null || operation.before() != null) {
      return rolledBack(operation, answers, deadline);
    }
    Operation over = operation.over(voidRow);
    return parallelWrite.writeAgain(over, answers.vector(), deadline)
        .thenComposeAsync(again -> settle(over, again, false, deadline), environment.executor());
  }

  /** The add met a row, under its key or with its content, and is answered with that. */
  private CompletableFuture<WriteOutcome> answerWith(
      CoreRow row, Operation operation, StoreResults answers, boolean fenced, Instant deadline) {
    return confirm(row, deadline).thenComposeAsync(confirmed -> switch (confirmed) {
      case StoreResult.Applied applied -> rollback.takeBack(operation, answers.vector(), deadline)
          .thenApply(ignored -> duplicate(row));
      case StoreResult.NotApplied changed when !environment.isPast(deadline) ->
        explain(operation, answers, fenced, deadline);
      case StoreResult.InDoubt unanswered when !environment.isPast(deadline) ->
        explain(operation, answers, fenced, deadline);
      default -> rolledBack(operation, answers, deadline);
    }, environment.executor());
  }

  /**
   * Confirms the state of a row that an add was answered with, so that it can't vanish by a rollback any more.
   *
   * @return applied if it stands; never fails
   */
  CompletableFuture<StoreResult> confirm(CoreRow row, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.CONFIRM, row.id(), row.op(), deadline);
    return ParallelWrite.part(unit, () -> stores.core().confirm(unit, environment.ids().newStamp()));
  }

  /** What an add is told that met this row. */
  static WriteOutcome duplicate(CoreRow row) {
    Memory memory = row.memory();
    return memory == null ? new WriteOutcome.WasDeleted(row.id(), row.op()) : new WriteOutcome.DuplicateOf(memory);
  }

  private CompletableFuture<WriteOutcome> explainChange(
      Operation operation, StoreResults answers, @Nullable CoreRow row, boolean fenced, Instant deadline) {
    // After a fence the stamp differs in any case; without one, a confirmation by a duplicate is reason to begin again.
    boolean changed = row == null || !row.op().equals(before(operation).op())
        || !fenced && !row.stamp().equals(operation.expectedStamp());
    return changed
        ? rollback.takeBack(operation, answers.vector(), deadline).thenApply(
            ignored -> new WriteOutcome.Conflict(operation.memory(), null, row == null ? null : row.op()))
        : rolledBack(operation, answers, deadline);
  }

  private WriteOutcome unsettled(Operation operation, Throwable cause, @Nullable StoreResults answers) {
    settler.settleInBackground(operation);
    return new WriteOutcome.Unsettled(operation.memory(), operation.op(), cause, answers);
  }

  private static Throwable cause(StoreResults answers) {
    Throwable cause = answers.cause();
    return cause == null ? new StoreException("the stores did not agree", null) : cause;
  }
}
