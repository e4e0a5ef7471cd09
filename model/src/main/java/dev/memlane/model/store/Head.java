package dev.memlane.model.store;

import dev.memlane.model.MemoryId;
import dev.memlane.model.OperationId;
import java.util.Objects;

/**
 * A memory's newest state without its content, for comparing stores.
 *
 * @param live whether the memory is live; otherwise it was deleted
 */
public record Head(MemoryId memory, OperationId op, int version, boolean live) {

  public Head {
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(op, "op");
  }

  /** The name of the document that the index should hold, if the memory is live. */
  public DocumentName name() {
    return new DocumentName(memory, op);
  }
}
