package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/**
 * What every exception of Memlane is: unchecked, with a message that says what happened and what to do about it.
 */
public abstract class MemlaneException extends RuntimeException {

  protected MemlaneException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
