package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/** It is unknown whether a store did what it was asked to: its answer was lost. The message says what to do. */
public final class InDoubtException extends StoreException {

  public InDoubtException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public InDoubtException copy() {
    return new InDoubtException(String.valueOf(getMessage()), this);
  }
}
