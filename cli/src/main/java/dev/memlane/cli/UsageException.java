package dev.memlane.cli;

import org.jspecify.annotations.Nullable;

/** The command line asks for something that can't be. Ends with exit status 2. */
final class UsageException extends RuntimeException {

  UsageException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  UsageException(String message) {
    this(message, null);
  }
}
