package dev.memlane.extraction;

import dev.memlane.model.MemlaneException;
import org.jspecify.annotations.Nullable;

/** A conversation could not be remembered now. The message says why; remembering it again goes on where it stopped. */
public final class ExtractionException extends MemlaneException {

  public ExtractionException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public ExtractionException copy() {
    return new ExtractionException(String.valueOf(getMessage()), this);
  }
}
