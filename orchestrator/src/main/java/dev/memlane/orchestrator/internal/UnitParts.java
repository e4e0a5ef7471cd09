package dev.memlane.orchestrator.internal;

import dev.memlane.model.StoreResult;
import dev.memlane.model.store.Unit;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The joining of core's and history's parts of a unit.
 *
 * <p>
 * A part always ends in a {@link StoreResult}: not applied if joining it threw, in doubt if its future failed. A part that
 * can't be joined withdraws the unit, so that the other part does not wait for it (rule R2).
 */
public final class UnitParts {

  private UnitParts() {}

  /** Joins both parts. Completes with the result of the unit; never fails. */
  public static CompletableFuture<StoreResult> joinBoth(Unit unit, Supplier<CompletableFuture<StoreResult>> core,
      Supplier<CompletableFuture<StoreResult>> history) {
    CompletableFuture<StoreResult> corePart = join(unit, core);
    return corePart.thenCombine(join(unit, history), StoreResult::ofUnit);
  }

  /** Joins one part. Completes with its result; never fails. */
  public static CompletableFuture<StoreResult> join(Unit unit, Supplier<CompletableFuture<StoreResult>> part) {
    return start(part).thenApply(result -> {
      if (result instanceof StoreResult.NotApplied notApplied) {
        // Does nothing to a unit that has been sent.
        unit.withdraw(notApplied.cause());
      }
      return result;
    });
  }

  /** Starts a store's part of an operation. Completes with its result; never fails. */
  public static CompletableFuture<StoreResult> start(Supplier<CompletableFuture<StoreResult>> part) {
    try {
      return part.get().exceptionally(StoreResult.InDoubt::new);
    } catch (RuntimeException e) {
      return CompletableFuture.completedFuture(new StoreResult.NotApplied(e));
    }
  }
}
