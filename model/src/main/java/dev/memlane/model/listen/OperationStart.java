package dev.memlane.model.listen;

import org.jspecify.annotations.Nullable;

/**
 * The begin of an operation.
 *
 * @param request what the caller asked for, as {@link OperationType} says; holds texts and ids of users
 * @param batch the context of the batch that this operation is a part of; null if a caller requested the operation by
 * itself, or if the batch has no context
 */
public record OperationStart(OperationType type, Object request, @Nullable Object batch) {

  /** Leaves the request out, because it holds texts. */
  @Override
  public String toString() {
    return "OperationStart[" + type + "]";
  }
}
