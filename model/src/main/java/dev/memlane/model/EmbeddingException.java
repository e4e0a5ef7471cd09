package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/** A text could not be embedded. This happens before anything is written, so nothing needs to be undone. */
public final class EmbeddingException extends MemlaneException {

  public EmbeddingException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public EmbeddingException copy() {
    return new EmbeddingException(String.valueOf(getMessage()), this);
  }
}
