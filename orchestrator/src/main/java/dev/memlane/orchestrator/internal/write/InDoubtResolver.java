package dev.memlane.orchestrator.internal.write;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.UnitParts;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * The resolver of operations in doubt: fences, then looks, until the database answers (rule R3). Safe for use by several
 * threads.
 */
public final class InDoubtResolver {

  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Stores stores;
  private final Environment environment;

  public InDoubtResolver(Stores stores, Environment environment) {
    this.stores = stores;
    this.environment = environment;
  }

  /**
   * Fences the operation, so that it can no longer land, and looks whether it has landed. Needs the memory's lock.
   *
   * @return applied or not applied; in doubt if the database does not answer before the deadline. Never fails
   */
  CompletableFuture<StoreResult> resolveLocked(Operation operation, Instant deadline) {
    return fenceAndLook(operation.memory(), operation.op(), deadline,
        unit -> stores.core().fence(unit, operation, environment.ids().newStamp()));
  }

  /**
   * Fences everything that is still on its way to the memory, and looks whether an operation has landed. For code that no
   * longer holds the memory's lock. The fence fails all other writes that expect the present stamp, and the operation can no
   * longer be undone.
   *
   * @return applied or not applied; in doubt if the database does not answer before the deadline. Never fails
   */
  public CompletableFuture<StoreResult> resolve(MemoryId memory, OperationId op, Instant deadline) {
    return fenceAndLook(memory, op, deadline, unit -> stores.core().fenceAll(unit, environment.ids().newStamp()));
  }

  private CompletableFuture<StoreResult> fenceAndLook(
      MemoryId memory, OperationId op, Instant deadline, Function<Unit, CompletableFuture<StoreResult>> fence) {
    return tryOnce(memory, op, deadline, fence).thenComposeAsync(
        result -> result instanceof StoreResult.InDoubt && environment.clock().instant().plus(PAUSE).isBefore(deadline)
            ? environment.after(PAUSE, () -> fenceAndLook(memory, op, deadline, fence))
            : CompletableFuture.completedFuture(result),
        environment.executor());
  }

  /** Fences and looks once. If the fence was not sent, the operation stays in doubt. */
  private CompletableFuture<StoreResult> tryOnce(
      MemoryId memory, OperationId op, Instant deadline, Function<Unit, CompletableFuture<StoreResult>> fence) {
    Unit unit = stores.units().begin(Unit.Kind.FENCE_AND_LOOK, memory, op, deadline);
    CompletableFuture<StoreResult> fencing = UnitParts.join(unit, () -> fence.apply(unit));
    CompletableFuture<StoreResult> looking = UnitParts.join(unit, () -> stores.history().look(unit));
    return fencing.thenCombine(looking, (fenced, found) -> switch (fenced) {
      case StoreResult.Applied applied -> found;
      case StoreResult.NotApplied notApplied -> new StoreResult.InDoubt(notApplied.cause());
      case StoreResult.InDoubt inDoubt -> inDoubt;
    });
  }
}
