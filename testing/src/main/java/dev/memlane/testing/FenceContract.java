package dev.memlane.testing;

import static dev.memlane.testing.TestOperations.add;
import static dev.memlane.testing.TestOperations.update;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.StoreResult;
import dev.memlane.model.store.CoreRow;
import dev.memlane.model.store.Operation;
import dev.memlane.model.store.Unit;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Confirmations and fences. */
abstract class FenceContract extends StoresTestCase {

  FenceContract(Supplier<StoresContract.Opened> open) {
    super(open);
  }

  @Test
  void confirm_ofAnAdd_preventsItsUndo() {
    Operation add = add("confirmed");
    assertApplied(write(add));

    assertThat(confirm(add)).isInstanceOf(StoreResult.Applied.class);
    assertThat(confirm(add)).as("confirming twice").isInstanceOf(StoreResult.Applied.class);
    assertNotApplied(undo(add));

    assertThat(row(add.memory()).memory()).isEqualTo(add.after());
  }

  @Test
  void confirm_ofAnOverwrittenOperation_isNotApplied() {
    Operation add = add("old");
    assertApplied(write(add));
    assertApplied(undo(add));

    assertThat(confirm(add)).isInstanceOf(StoreResult.NotApplied.class);
  }

  @Test
  void fenceAndLook_ofAnAddThatNeverLanded_preventsItForever() {
    Operation add = add("late");

    assertThat(fenceAndLook(add)).isInstanceOf(StoreResult.NotApplied.class);
    assertNotApplied(write(add));

    assertThat(row(add.memory()).state()).isEqualTo(CoreRow.State.VOID);
    assertThat(fenceAndLook(add)).as("asked again").isInstanceOf(StoreResult.NotApplied.class);
  }

  @Test
  void fenceAndLook_ofAnUpdateThatNeverLanded_preventsItForever() {
    Operation add = add("old");
    assertApplied(write(add));
    Operation update = update(row(add.memory()), "late");

    assertThat(fenceAndLook(update)).isInstanceOf(StoreResult.NotApplied.class);
    assertNotApplied(write(update));

    assertThat(row(add.memory()).memory()).isEqualTo(add.after());
  }

  @Test
  void fenceAndLook_ofAnOperationThatLanded_isAppliedEvenAfterLaterOperations() {
    Operation add = add("old");
    assertApplied(write(add));
    assertThat(fenceAndLook(add)).isInstanceOf(StoreResult.Applied.class);
    assertApplied(write(update(row(add.memory()), "new")));

    assertThat(fenceAndLook(add)).isInstanceOf(StoreResult.Applied.class);
  }

  @Test
  void fenceAllAndLook_ofAnAddThatNeverLanded_preventsItForever() {
    Operation add = add("never");

    assertThat(fenceAllAndLook(add)).isInstanceOf(StoreResult.NotApplied.class);
    assertNotApplied(write(add));

    assertThat(fenceAllAndLook(add)).as("asked again").isInstanceOf(StoreResult.NotApplied.class);
  }

  @Test
  void fenceAllAndLook_ofAnUpdateThatNeverLanded_preventsItForever() {
    Operation add = add("before");
    assertApplied(write(add));
    Operation update = update(row(add.memory()), "never");

    assertThat(fenceAllAndLook(update)).isInstanceOf(StoreResult.NotApplied.class);
    assertNotApplied(write(update));
  }

  @Test
  void fenceAllAndLook_ofAnOperationThatLanded_preventsItsUndo() {
    Operation add = add("landed");
    assertApplied(write(add));

    assertThat(fenceAllAndLook(add)).isInstanceOf(StoreResult.Applied.class);
    assertNotApplied(undo(add));

    assertThat(history.has(add.op()).join()).isTrue();
  }

  private StoreResult fenceAndLook(Operation operation) {
    Unit unit = begin(Unit.Kind.FENCE_AND_LOOK, operation);
    CompletableFuture<StoreResult> fence = core.fence(unit, operation, UUID.randomUUID());
    StoreResult look = history.look(unit).join();
    assertThat(fence.join()).isInstanceOf(StoreResult.Applied.class);
    return look;
  }
}
