package dev.memlane.model.store;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import java.time.Instant;

/**
 * A unit of work: the parts of the core and the history store for one operation, which happen together or not at all,
 * in one transaction.
 *
 * <p>
 * A unit is begun by {@link Units#begin} and passed to the stores, which join their parts. It is sent when all parts
 * that its kind requires have joined. Each store gets the result of its own part; {@link StoreResult#ofUnit} combines
 * them. Safe for use by several threads.
 */
public interface Unit {

  /** The kind of a unit, which determines the number of its parts. */
  enum Kind {
    /** Core applies the operation, and history logs it. */
    WRITE(2),
    /** Core restores the state before, and history's entry becomes void. */
    UNDO(2),
    /** Core's stamp is replaced, so that a late write can't land; then history says whether it had landed. */
    FENCE_AND_LOOK(2),
    /** Core's stamp is replaced, so that nothing on its way to the memory can land any more. */
    FENCE(1),
    /** Core's stamp is replaced, so that the operation that made the row can no longer be undone. */
    CONFIRM(1),
    /** Everything about a deleted memory is removed, except the tombstone and one entry without content. */
    PURGE(2),
    /** A tombstone or void row is removed, and with it the memory's entries. */
    SWEEP(2),
    /** An archived memory is restored: core gets its row and history its entries. */
    RESTORE(2);

    private final int parts;

    Kind(int parts) {
      this.parts = parts;
    }

    public int parts() {
      return parts;
    }
  }

  Kind kind();

  MemoryId memory();

  OperationId op();

  /** The time at which a unit that is still queued is withdrawn, and a unit that has been sent is in doubt. */
  Instant deadline();

  /**
   * Withdraws the unit if it has not been sent: its parts end as {@link StoreResult.NotApplied} with this cause, and so
   * does every part that joins later. Does nothing to a unit that has been sent.
   */
  void withdraw(Throwable cause);
}
