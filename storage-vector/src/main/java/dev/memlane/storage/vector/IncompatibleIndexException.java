package dev.memlane.storage.vector;

import dev.memlane.model.StoreException;
import org.jspecify.annotations.Nullable;

/** The index in a folder was built for another embedding model, dimension, language, type of vectors or version of Memlane. */
public final class IncompatibleIndexException extends StoreException {

  public IncompatibleIndexException(String message) {
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
