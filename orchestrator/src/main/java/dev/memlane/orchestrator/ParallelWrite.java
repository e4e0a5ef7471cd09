package dev.memlane.orchestrator;

import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResults;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The fan-out: one operation to the three stores at once.
 *
 * <p>
 * Three branches are started. Each branch ends as a {@link StoreResult}, whatever happens in it; where core's or
 * history's branch can't even start, the unit is withdrawn, so that neither of them is done.
 */
final class ParallelWrite {

  private final Stores stores;
  private final Environment environment;

  ParallelWrite(Stores stores, Environment environment) {
    this.stores = stores;
    this.environment = environment;
  }

  /**
   * Writes to all three stores. Where the index refuses at once, no unit is begun: the database has nothing to do then.
   *
   * @return what each of them answered; never fails. What is chained to it runs on a thread that it may block
   */
  CompletableFuture<StoreResults> write(Operation operation, Instant deadline) {
    CompletableFuture<StoreResult> vector = branch(() -> vectorBranch(operation, deadline));
    if (vector.isDone() && vector.join() instanceof StoreResult.NotApplied refused) {
      return CompletableFuture.completedFuture(new StoreResults(refused, refused, refused));
    }
    return together(vector, operation, deadline);
  }

  /** Writes to core and history alone, the index's answer being known from before. */
  CompletableFuture<StoreResults> writeAgain(Operation operation, StoreResult vector, Instant deadline) {
    return together(CompletableFuture.completedFuture(vector), operation, deadline);
  }

  private CompletableFuture<StoreResults> together(
      CompletableFuture<StoreResult> vector, Operation operation, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.WRITE, operation.memory(), operation.op(), deadline);
    CompletableFuture<StoreResult> core = part(unit, () -> stores.core().write(unit, operation));
    CompletableFuture<StoreResult> history = part(unit, () -> stores.history().write(unit, operation));
    // The unit's answers come on threads that may be blocked; the index's is moved to one if it is the last.
    return CompletableFuture.allOf(core, history)
        .thenCompose(done -> environment.then(vector, CompletableFuture::completedFuture))
        .thenApply(answer -> new StoreResults(core.join(), answer, history.join()));
  }

  private CompletableFuture<StoreResult> vectorBranch(Operation operation, Instant deadline) {
    IndexDocument document = operation.document();
    return document == null
        ? stores.index().check(new DocumentName(operation.memory(), operation.op()), deadline)
        : stores.index().put(document, deadline);
  }

  /** A store's part of a unit. If it can't be joined, the whole unit is off, and no other part waits for it. */
  static CompletableFuture<StoreResult> part(Unit unit, Supplier<CompletableFuture<StoreResult>> join) {
    return branch(join).thenApply(result -> {
      if (result instanceof StoreResult.NotApplied notApplied) {
        // Does nothing to a unit that has been sent.
        unit.withdraw(notApplied.cause());
      }
      return result;
    });
  }

  /** A branch always ends in a result: it hasn't begun if starting it threw, and is in doubt if its future failed. */
  private static CompletableFuture<StoreResult> branch(Supplier<CompletableFuture<StoreResult>> start) {
    try {
      return start.get().exceptionally(StoreResult.InDoubt::new);
    } catch (RuntimeException e) {
      return CompletableFuture.completedFuture(new StoreResult.NotApplied(e));
    }
  }
}
