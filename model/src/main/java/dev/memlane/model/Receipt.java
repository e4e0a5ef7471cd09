package dev.memlane.model;

import java.util.Objects;

/**
 * A store's confirmation that it has applied an operation.
 *
 * @param version the version that the operation made in this store
 */
public record Receipt(StoreKind store, MemoryId memory, OperationId op, int version) {

  public Receipt {
    Objects.requireNonNull(store, "store");
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(op, "op");
  }
}
