package dev.memlane.embedded;

import dev.memlane.model.StoreException;
import org.jspecify.annotations.Nullable;

/** A data directory is already open, in this process or in another one. Nothing in it was touched. */
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
