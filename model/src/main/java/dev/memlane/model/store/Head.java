package dev.memlane.model.store;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.util.Objects;

/**
 * A memory's newest state without its content: what two stores are compared by.
 *
 * @param live whether the memory is there; otherwise it was deleted
 */
public record Head(MemoryId memory, OperationId op, int version, boolean live) {

  public Head {
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(op, "op");
  }

  /** The document that the index should hold of it, if it is live. */
  public DocumentName name() {
    return new DocumentName(memory, op);
  }
}
