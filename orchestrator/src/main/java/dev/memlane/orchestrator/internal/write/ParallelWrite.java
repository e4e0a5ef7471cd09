package dev.memlane.orchestrator.internal.write;

import dev.memlane.model.StoreResult;
import dev.memlane.model.StoreResults;
import dev.memlane.model.listen.Activity;
import dev.memlane.model.listen.StepType;
import dev.memlane.model.store.DocumentName;
import dev.memlane.model.store.IndexDocument;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import dev.memlane.orchestrator.internal.Environment;
import dev.memlane.orchestrator.internal.Stores;
import dev.memlane.orchestrator.internal.UnitParts;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;

/**
 * The fan-out of one operation to the three stores at once.
 *
 * <p>
 * Each of the three branches ends in a {@link StoreResult}, whatever happens in it. If core's or history's branch can't
 * start, the unit is withdrawn, so neither of them is done.
 */
public final class ParallelWrite {

  private final Stores stores;
  private final Environment environment;

  public ParallelWrite(Stores stores, Environment environment) {
    this.stores = stores;
    this.environment = environment;
  }

  /**
   * Writes to all three stores. If the index refuses at once, no unit is begun and the database is spared.
   *
   * <p>
   * A delete begins its unit only once the index has answered, so that it is never undone (rule R4).
   *
   * @return the results of the three stores; never fails. Steps chained to it run on a thread that they may block
   */
  CompletableFuture<StoreResults> write(Operation operation, Instant deadline) {
    Activity step = Activity.step(operation.activity(), StepType.INDEX_WRITE);
    IndexDocument document = operation.document();
    if (document == null) {
      CompletableFuture<StoreResult> checked = UnitParts
          .start(() -> environment.until(deadline, stores.index().check(nameOf(operation), deadline)));
      return environment.then(Activity.ending(step, checked), result -> switch (result) {
        case StoreResult.Applied applied -> writeUnit(checked, operation, deadline);
        case StoreResult.NotApplied refusal -> refused(refusal);
        // A check has no effect, so nothing has been done without an answer either.
        case StoreResult.InDoubt unanswered -> refused(new StoreResult.NotApplied(unanswered.cause()));
      });
    }
    CompletableFuture<StoreResult> vector = Activity.ending(step,
        UnitParts.start(() -> stores.index().put(document, deadline)));
    return vector.isDone() && vector.join() instanceof StoreResult.NotApplied refusal
        ? refused(refusal)
        : writeUnit(vector, operation, deadline);
  }

  private static CompletableFuture<StoreResults> refused(StoreResult refusal) {
    return CompletableFuture.completedFuture(new StoreResults(refusal, refusal, refusal));
  }

  private static DocumentName nameOf(Operation operation) {
    return new DocumentName(operation.memory(), operation.op());
  }

  private CompletableFuture<StoreResults> writeUnit(
      CompletableFuture<StoreResult> vector, Operation operation, Instant deadline) {
    Unit unit = stores.units().begin(Unit.Kind.WRITE, operation.memory(), operation.op(), deadline,
        operation.activity());
    CompletableFuture<StoreResult> core = UnitParts.join(unit, () -> stores.core().write(unit, operation));
    CompletableFuture<StoreResult> history = UnitParts.join(unit, () -> stores.history().write(unit, operation));
    // The unit's results arrive on threads that may be blocked. If the index's is the last, it is moved to such a thread.
    return CompletableFuture.allOf(core, history)
        .thenCompose(done -> environment.then(vector, CompletableFuture::completedFuture))
        .thenApply(result -> new StoreResults(core.join(), result, history.join()));
  }
}
