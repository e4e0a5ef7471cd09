package dev.memlane.cli.internal.terminal;

import org.jspecify.annotations.Nullable;

/** A command line that cannot be carried out as it is. The exit status is then 2. */
public final class UsageException extends RuntimeException {

  public UsageException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  public UsageException(String message) {
    this(message, null);
  }
}
