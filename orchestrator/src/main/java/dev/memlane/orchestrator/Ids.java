package dev.memlane.orchestrator;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.util.UUID;

/** Where fresh names come from. No value is ever given out twice. Safe for use by several threads. */
public interface Ids {

  MemoryId newMemory();

  OperationId newOperation();

  UUID newStamp();
}
