package dev.memlane.spring.boot.autoconfigure;

import org.jspecify.annotations.Nullable;

/** The exception for a memory that can't be opened. Its message says why, and what to do. */
public final class MemoryOpeningException extends RuntimeException {

  private static final long serialVersionUID = 1;

  MemoryOpeningException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
