package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/** A caller's input can't be stored or searched for; nothing was written. */
public final class InvalidInputException extends MemlaneException {

  public InvalidInputException(String message) {
    this(message, null);
  }

  public InvalidInputException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  @Override
  public InvalidInputException copy() {
    return new InvalidInputException(String.valueOf(getMessage()), this);
  }
}
