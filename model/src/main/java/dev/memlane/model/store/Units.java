package dev.memlane.model.store;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.time.Instant;

/**
 * Where units begin: the database that the core and the history store share.
 *
 * <p>
 * The futures of a unit's parts complete on threads that what is chained to them may block: on one of the unit's own, or,
 * if it is never sent, on the thread that joined or withdrew it. Safe for use by several threads.
 */
public interface Units {

  /** Begins a unit that the stores then join. */
  Unit begin(Unit.Kind kind, MemoryId memory, OperationId op, Instant deadline);
}
