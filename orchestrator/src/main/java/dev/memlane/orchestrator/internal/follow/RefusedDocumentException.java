package dev.memlane.orchestrator.internal.follow;

import dev.memlane.model.MemoryId;
import dev.memlane.model.StoreException;

/** The failure of a put: the index, in its present state, refuses a memory's document. */
final class RefusedDocumentException extends StoreException {

  RefusedDocumentException(MemoryId memory, Throwable cause) {
    super("the index did not accept memory " + memory + ": " + cause.getMessage(), cause);
  }

  private RefusedDocumentException(RefusedDocumentException shared) {
    super(String.valueOf(shared.getMessage()), shared);
  }

  @Override
  public RefusedDocumentException copy() {
    return new RefusedDocumentException(this);
  }
}
