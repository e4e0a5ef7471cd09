package dev.memlane.cli.internal.terminal;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Input that the program cannot read as it is. The message says in plain words what it is and what to do. */
public final class InputException extends IOException {

  public InputException(String message) {
    this(message, null);
  }

  public InputException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
