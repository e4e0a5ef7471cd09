package dev.memlane.cli.internal.data;

import dev.memlane.model.MemlaneException;
import org.jspecify.annotations.Nullable;

/** The exception for a stream that does not begin as an archive does. Nothing was imported. */
public final class NotAnArchiveException extends MemlaneException {

  NotAnArchiveException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public NotAnArchiveException copy() {
    return new NotAnArchiveException(String.valueOf(getMessage()), this);
  }
}
