package dev.memlane.model.store;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.time.Instant;

/**
 * The factory of units: the database that the core and the history store share.
 *
 * <p>
 * The futures of a unit's parts complete on threads that code chained to them may block: on a thread of the unit, or,
 * if it is never sent, on the thread that joined or withdrew it. Safe for use by several threads.
 */
public interface Units {

  /** Begins a unit that the stores then join. */
  Unit begin(Unit.Kind kind, MemoryId memory, OperationId op, Instant deadline);
}
