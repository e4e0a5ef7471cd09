package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/** A store failed or could not be reached. The message names the store and what to do. */
public class StoreException extends MemlaneException {

  public StoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** {@inheritDoc} A subclass that callers tell from others overrides it. */
  @Override
  public StoreException copy() {
    return new StoreException(String.valueOf(getMessage()), this);
  }
}
