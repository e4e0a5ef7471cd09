package dev.memlane.cli;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Input that can't be taken as it is; the message says plainly what it is and what to do. */
final class InputException extends IOException {

  InputException(String message) {
    this(message, null);
  }

  InputException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
