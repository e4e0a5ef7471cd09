package dev.memlane.model;

import java.util.Objects;

/**
 * A store's word that it took an operation: what undoing it there starts from.
 *
 * @param version the version that the operation made, as the store has it
 */
public record Receipt(StoreKind store, MemoryId memory, OperationId op, int version) {

  public Receipt {
    Objects.requireNonNull(store, "store");
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(op, "op");
  }
}
