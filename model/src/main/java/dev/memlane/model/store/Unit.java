package dev.memlane.model.store;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.StoreResult;
import java.time.Instant;

/**
 * What must happen together or not at all: the parts of the core and the history store for one operation, in one
 * transaction.
 *
 * <p>
 * A unit is begun by {@link Units#begin}, handed to the stores, which join their parts, and is sent when all the parts
 * that its kind asks for have joined. Every part's result is told to the store that joined it. Safe for use by several
 * threads.
 */
public interface Unit {

  /** What a unit does, and how many parts it waits for. */
  enum Kind {
    /** Core takes the operation and history logs what core took. */
    WRITE(2),
    /** Core gets back what was there before and history's entry becomes void. */
    UNDO(2),
    /** Core's stamp is replaced, so that a late write can't land; then history is asked whether it had landed. */
    FENCE_AND_LOOK(2),
    /** Core's stamp is replaced, so that the operation that made the row can no longer be undone. */
    CONFIRM(1),
    /** What is known of a deleted memory goes: all but the tombstone and one entry without content. */
    PURGE(2),
    /** A tombstone or void row goes, and with it what history knows of its memory. */
    SWEEP(2),
    /** An archived memory comes back: core takes its row as it was and history its entries. */
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

  /** A unit that is still queued then is withdrawn; one that has been sent is in doubt then. */
  Instant deadline();

  /**
   * Takes the unit back if it has not been sent: its parts end as {@link StoreResult.NotApplied} with this cause, and a
   * part that joins later does at once. Does nothing to a unit that has been sent.
   */
  void withdraw(Throwable cause);
}
