package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;

/** Finds out whether an operation in doubt has landed: fence, then look, until the database answers. */
final class InDoubtResolver {

  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Stores stores;
  private final Environment environment;

  InDoubtResolver(Stores stores, Environment environment) {
    this.stores = stores;
    this.environment = environment;
  }

  /**
   * Fences the operation, so that it can land no more, and looks whether it has.
   *
   * @return applied or not applied, or in doubt at the deadline; never fails
   */
  CompletableFuture<StoreResult> resolve(Operation operation, Instant deadline) {
    return fenceAndLook(operation, deadline).thenComposeAsync(
        answer -> isWorthAnotherTry(answer, deadline)
            ? environment.after(PAUSE, () -> resolve(operation, deadline))
            : CompletableFuture.completedFuture(answer),
        environment.executor());
  }

  private boolean isWorthAnotherTry(StoreResult answer, Instant deadline) {
    return answer instanceof StoreResult.InDoubt && environment.clock().instant().plus(PAUSE).isBefore(deadline);
  }

  /**
   * Fences whatever is still on its way to the memory, and looks whether an operation has landed. For who has given up
   * the memory's turn: it takes from everybody else what they expect, and from the operation that it can be undone.
   *
   * @return applied or not applied, or in doubt at the deadline; never fails
   */
  CompletableFuture<StoreResult> ask(MemoryId memory, OperationId op, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.FENCE_AND_LOOK, memory, op, deadline);
    CompletableFuture<StoreResult> fence = ParallelWrite.part(unit,
        () -> stores.core().fenceAll(unit, environment.ids().newStamp()));
    return look(unit, fence).thenComposeAsync(
        answer -> isWorthAnotherTry(answer, deadline)
            ? environment.after(PAUSE, () -> ask(memory, op, deadline))
            : CompletableFuture.completedFuture(answer),
        environment.executor());
  }

  /** One try. A fence that wasn't sent leaves the doubt as it was. */
  private CompletableFuture<StoreResult> fenceAndLook(Operation operation, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.FENCE_AND_LOOK, operation.memory(), operation.op(), deadline);
    CompletableFuture<StoreResult> fence = ParallelWrite.part(unit,
        () -> stores.core().fence(unit, operation, environment.ids().newStamp()));
    return look(unit, fence);
  }

  private CompletableFuture<StoreResult> look(Unit unit, CompletableFuture<StoreResult> fence) {
    CompletableFuture<StoreResult> look = ParallelWrite.part(unit, () -> stores.history().look(unit));
    return fence.thenCombine(look, (fenced, looked) -> switch (fenced) {
      case StoreResult.Applied applied -> looked;
      case StoreResult.NotApplied notApplied -> new StoreResult.InDoubt(notApplied.cause());
      case StoreResult.InDoubt inDoubt -> inDoubt;
    });
  }
}
