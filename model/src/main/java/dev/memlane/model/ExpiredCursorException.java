package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/** It can't be known any more what has changed since a cursor. Its owner has to list everything, and begin a new cursor. */
public final class ExpiredCursorException extends MemlaneException {

  public ExpiredCursorException(String message) {
    this(message, null);
  }

  private ExpiredCursorException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public ExpiredCursorException copy() {
    return new ExpiredCursorException(String.valueOf(getMessage()), this);
  }
}
