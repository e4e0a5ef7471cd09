package dev.memlane.orchestrator.internal.write;

import dev.memlane.model.StoreResult;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.UnitParts;
import dev.memlane.orchestrator.internal.follow.BackgroundFollower;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** The undoing of exactly what the stores applied of an operation that did not succeed everywhere (rule R4). */
public final class Rollback {

  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Stores stores;
  private final Environment environment;
  private final InDoubtResolver inDoubtResolver;
  private final BackgroundFollower background;

  public Rollback(Stores stores, Environment environment, InDoubtResolver inDoubtResolver,
      BackgroundFollower background) {
    this.stores = stores;
    this.environment = environment;
    this.inDoubtResolver = inDoubtResolver;
    this.background = background;
  }

  /** The result of an undo of core and history. */
  enum Ending {
    /** Nothing of the operation is there any more. */
    UNDONE,
    /** Another operation has built on it or confirmed it: it stands. */
    STANDS,
    /** The database did not answer before the deadline. */
    UNKNOWN
  }

  /**
   * Undoes an operation that landed in core and history, unless another operation has built on it.
   *
   * @return never fails
   */
  CompletableFuture<Ending> undoLanded(Operation operation, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.UNDO, operation.memory(), operation.op(), deadline);
    UUID stamp = environment.ids().newStamp();
    return UnitParts
        .joinBoth(unit, () -> stores.core().undo(unit, operation, stamp),
            () -> stores.history().undo(unit, operation, stamp))
        .thenComposeAsync(result -> switch (result) {
          case StoreResult.Applied applied -> CompletableFuture.completedFuture(Ending.UNDONE);
          case StoreResult.NotApplied notApplied -> lookAfterFence(operation, deadline);
          case StoreResult.InDoubt inDoubt -> retry(operation, deadline);
        }, environment.executor());
  }

  /**
   * Looks what became of an operation that this undo did not find. An earlier undo that was in doubt may have undone it, or
   * may still be on its way. So that undo is fenced before the log is asked, and what stands then stays.
   */
  private CompletableFuture<Ending> lookAfterFence(Operation operation, Instant deadline) {
    return inDoubtResolver.resolve(operation.memory(), operation.op(), deadline).thenApply(answer -> switch (answer) {
      case StoreResult.Applied applied -> Ending.STANDS;
      case StoreResult.NotApplied notApplied -> Ending.UNDONE;
      case StoreResult.InDoubt inDoubt -> Ending.UNKNOWN;
    });
  }

  private CompletableFuture<Ending> retry(Operation operation, Instant deadline) {
    return environment.clock().instant().plus(PAUSE).isBefore(deadline)
        ? environment.after(PAUSE, () -> undoLanded(operation, deadline))
        : CompletableFuture.completedFuture(Ending.UNKNOWN);
  }

  /**
   * Removes the document of an operation that did not land, if it was put. A document that can't be removed now is removed in
   * the background. Meanwhile no search shows it, because core does not hold its state.
   *
   * @return never fails
   */
  CompletableFuture<Void> removeDocument(Operation operation, StoreResult vector, Instant deadline) {
    if (!(vector instanceof StoreResult.Applied) || operation.document() == null) {
      return CompletableFuture.completedFuture(null);
    }
    return CompletableFuture.completedFuture(new DocumentName(operation.memory(), operation.op()))
        .thenCompose(name -> environment.until(deadline, stores.index().remove(name))).handleAsync((done, failure) -> {
          if (failure != null) {
            background.follow(operation.memory(), failure);
          }
          return null;
        }, environment.executor());
  }
}
