package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/** The JSON form of failures: the message alone, because a stack trace belongs in the log of its own process. */
final class Causes {

  private Causes() {}

  /** The message of a failure, or its type if it has none. */
  static String message(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }

  /** Creates a failure with this message. */
  static StoreException read(@Nullable String message) {
    return new StoreException(message == null ? "the reason was left out" : message, null);
  }
}
