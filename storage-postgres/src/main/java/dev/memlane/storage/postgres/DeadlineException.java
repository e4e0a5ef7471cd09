package dev.memlane.storage.postgres;

import dev.memlane.model.StoreException;
import org.jspecify.annotations.Nullable;

/** A unit's deadline passed before the database answered. */
public final class DeadlineException extends StoreException {

  DeadlineException(String message) {
    this(message, null);
  }

  private DeadlineException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public DeadlineException copy() {
    return new DeadlineException(String.valueOf(getMessage()), this);
  }
}
