package dev.memlane.embedded;

import dev.memlane.model.StoreException;
import org.jspecify.annotations.Nullable;

/** The exception for a data directory that is already open, in this process or another. Nothing in it was changed. */
public final class DirectoryInUseException extends StoreException {

  DirectoryInUseException(String message) {
    this(message, null);
  }

  private DirectoryInUseException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public DirectoryInUseException copy() {
    return new DirectoryInUseException(String.valueOf(getMessage()), this);
  }
}
