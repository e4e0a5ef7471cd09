package dev.memlane.model.store;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import dev.memlane.model.listen.Activity;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

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

  /**
   * Begins a unit, and reports its steps to whoever listens. Does not report them unless it is overridden.
   *
   * @param activity what the unit is part of; null if nobody listens
   */
  default Unit begin(Unit.Kind kind, MemoryId memory, OperationId op, Instant deadline, @Nullable Activity activity) {
    return begin(kind, memory, op, deadline);
  }

  /** How many units wait to be sent; 0 where they are not counted. */
  default int waiting() {
    return 0;
  }
}
