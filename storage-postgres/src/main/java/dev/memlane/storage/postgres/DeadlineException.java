package dev.memlane.storage.postgres;

import dev.memlane.model.StoreException;
import org.jspecify.annotations.Nullable;

/** A unit met its deadline before the database's answer. */
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
