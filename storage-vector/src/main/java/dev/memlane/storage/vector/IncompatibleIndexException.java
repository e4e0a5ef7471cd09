package dev.memlane.storage.vector;

import dev.memlane.model.StoreException;
import org.jspecify.annotations.Nullable;

/** The index folder holds vectors of another embedding model or dimension, or was written by another Memlane. */
public final class IncompatibleIndexException extends StoreException {

  IncompatibleIndexException(String message) {
    this(message, null);
  }

  private IncompatibleIndexException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public IncompatibleIndexException copy() {
    return new IncompatibleIndexException(String.valueOf(getMessage()), this);
  }
}
