package dev.memlane.model.store;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.util.Objects;

/**
 * The name of a document in the index: the memory, and the operation that made the document's state. A memory may have
 * documents of several operations while a write is on its way.
 */
public record DocumentName(MemoryId memory, OperationId op) {

  public DocumentName {
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(op, "op");
  }
}
