package dev.memlane.storage.vector;

import dev.memlane.model.StoreException;

/** The index folder holds vectors of another embedding model or dimension, or was written by another Memlane. */
public final class IncompatibleIndexException extends StoreException {

  IncompatibleIndexException(String message) {
    super(message, null);
  }
}
