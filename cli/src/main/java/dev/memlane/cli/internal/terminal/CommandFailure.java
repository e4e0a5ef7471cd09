package dev.memlane.cli.internal.terminal;

import org.jspecify.annotations.Nullable;

/** A failure of a command's work. The message says what failed and what to do. The exit status is then 1. */
public final class CommandFailure extends RuntimeException {

  public CommandFailure(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  public CommandFailure(String message) {
    this(message, null);
  }
}
