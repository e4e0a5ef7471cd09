package dev.memlane.model.store;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.util.Objects;

/**
 * The name of a document in the index: the memory, and the operation that made the state that it shows. Documents of
 * several operations may stand beside each other while one is on its way.
 */
public record DocumentName(MemoryId memory, OperationId op) {

  public DocumentName {
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(op, "op");
  }
}
