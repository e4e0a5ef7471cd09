package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/** A store failed or could not be reached. The message names the store and says what to do. */
public class StoreException extends MemlaneException {

  public StoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** {@inheritDoc} Subclasses override it. */
  @Override
  public StoreException copy() {
    return new StoreException(String.valueOf(getMessage()), this);
  }
}
