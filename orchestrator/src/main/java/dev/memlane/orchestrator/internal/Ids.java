package dev.memlane.orchestrator.internal;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.util.UUID;

/** A source of fresh ids. No value is ever returned twice. Safe for use by several threads. */
public interface Ids {

  MemoryId newMemory();

  OperationId newOperation();

  UUID newStamp();
}
