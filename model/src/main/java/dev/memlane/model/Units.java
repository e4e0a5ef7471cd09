package dev.memlane.model;

import java.time.Instant;

/** Where units begin: the database that the core and the history store share. Safe for use by several threads. */
public interface Units {

  /** Begins a unit that the stores then join. */
  Unit begin(Unit.Kind kind, MemoryId memory, OperationId op, Instant deadline);
}
