package dev.memlane.orchestrator;

import dev.memlane.model.DocumentName;
import dev.memlane.model.Operation;
import dev.memlane.model.StoreResult;
import dev.memlane.model.Unit;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** Undoes exactly what a store applied of an operation that did not succeed everywhere. */
final class Rollback {

  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Stores stores;
  private final Environment environment;
  private final Settler settler;

  Rollback(Stores stores, Environment environment, Settler settler) {
    this.stores = stores;
    this.environment = environment;
    this.settler = settler;
  }

  /** How an undo of core and history ended. */
  enum Ending {
    /** Nothing of the operation is there any more. */
    UNDONE,
    /** Somebody has built on it or confirmed it: it stands. */
    STANDS,
    /** The database did not answer until the deadline. */
    UNKNOWN
  }

  /**
   * Undoes an operation that landed in core and history, while nobody has built on it.
   *
   * @return never fails
   */
  CompletableFuture<Ending> undoLanded(Operation operation, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.UNDO, operation.memory(), operation.op(), deadline);
    UUID stamp = environment.ids().newStamp();
    CompletableFuture<StoreResult> core = ParallelWrite.part(unit, () -> stores.core().undo(unit, operation, stamp));
    CompletableFuture<StoreResult> history = ParallelWrite.part(unit,
        () -> stores.history().undo(unit, operation, stamp));
    return core.thenCombine(history, (coreResult, historyResult) -> coreResult)
        .thenComposeAsync(result -> switch (result) {
          case StoreResult.Applied applied -> CompletableFuture.completedFuture(Ending.UNDONE);
          case StoreResult.NotApplied notApplied -> look(operation, deadline);
          case StoreResult.InDoubt inDoubt -> again(operation, deadline);
        }, environment.executor());
  }

  /** It was not undone, or an undo that was in doubt had been: the log knows. */
  private CompletableFuture<Ending> look(Operation operation, Instant deadline) {
    return stores.history().has(operation.op()).thenApply(stands -> stands ? Ending.STANDS : Ending.UNDONE)
        .exceptionally(failure -> Ending.UNKNOWN)
        .thenComposeAsync(ending -> ending == Ending.UNKNOWN
            ? again(operation, deadline)
            : CompletableFuture.completedFuture(ending), environment.executor());
  }

  private CompletableFuture<Ending> again(Operation operation, Instant deadline) {
    return environment.clock().instant().plus(PAUSE).isBefore(deadline)
        ? environment.after(PAUSE, () -> undoLanded(operation, deadline))
        : CompletableFuture.completedFuture(Ending.UNKNOWN);
  }

  /**
   * Takes back the document of an operation that did not land, if it was put. What can't be taken back now is taken back
   * behind; no search shows it meanwhile, because core doesn't have it.
   *
   * @return never fails
   */
  CompletableFuture<Void> takeBack(Operation operation, StoreResult vector) {
    if (!(vector instanceof StoreResult.Applied) || operation.document() == null) {
      return CompletableFuture.completedFuture(null);
    }
    return CompletableFuture.completedFuture(new DocumentName(operation.memory(), operation.op()))
        .thenCompose(stores.index()::remove).exceptionally(failure -> {
          settler.followBehind(operation.memory());
          return null;
        });
  }
}
