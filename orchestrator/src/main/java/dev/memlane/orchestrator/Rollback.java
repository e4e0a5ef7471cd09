package dev.memlane.orchestrator;

import dev.memlane.model.StoreResult;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** Undoes exactly what a store applied of an operation that did not succeed everywhere. */
final class Rollback {

  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Stores stores;
  private final Environment environment;
  private final InDoubtResolver inDoubtResolver;
  private final BackgroundFollower backgroundFollower;

  Rollback(Stores stores, Environment environment, InDoubtResolver inDoubtResolver, BackgroundFollower backgroundFollower) {
    this.stores = stores;
    this.environment = environment;
    this.inDoubtResolver = inDoubtResolver;
    this.backgroundFollower = backgroundFollower;
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

  /**
   * This undo did nothing, but one before it that was in doubt may have, or may still be on its way: so it is stopped
   * before the log is asked, and what stands then stays.
   */
  private CompletableFuture<Ending> look(Operation operation, Instant deadline) {
    return inDoubtResolver.ask(operation.memory(), operation.op(), deadline).thenApply(answer -> switch (answer) {
      case StoreResult.Applied applied -> Ending.STANDS;
      case StoreResult.NotApplied notApplied -> Ending.UNDONE;
      case StoreResult.InDoubt inDoubt -> Ending.UNKNOWN;
    });
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
  CompletableFuture<Void> takeBack(Operation operation, StoreResult vector, Instant deadline) {
    if (!(vector instanceof StoreResult.Applied) || operation.document() == null) {
      return CompletableFuture.completedFuture(null);
    }
    return CompletableFuture.completedFuture(new DocumentName(operation.memory(), operation.op()))
        .thenCompose(name -> environment.until(deadline, stores.index().remove(name))).handleAsync((done, failure) -> {
          if (failure != null) {
            backgroundFollower.follow(operation.memory(), failure);
          }
          return null;
        }, environment.executor());
  }
}
