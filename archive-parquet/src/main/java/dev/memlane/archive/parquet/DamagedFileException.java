package dev.memlane.archive.parquet;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A part of a file that cannot be what was written. The message says which part, for people. */
final class DamagedFileException extends IOException {

  private static final long serialVersionUID = 1;

  DamagedFileException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  DamagedFileException(String message) {
    this(message, null);
  }
}
