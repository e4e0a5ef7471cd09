package dev.memlane.cli;

import org.jspecify.annotations.Nullable;

/** Something that a command was to do failed; the message says what, and what to do. Ends with exit status 1. */
final class CommandFailure extends RuntimeException {

  CommandFailure(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  CommandFailure(String message) {
    this(message, null);
  }
}
