package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/** Failures as JSON: the message alone, because a stack trace is for the log of the process where it happened. */
final class Causes {

  private Causes() {}

  /** What a failure says. */
  static String message(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }

  /** A failure that says the same. */
  static StoreException read(@Nullable String message) {
    return new StoreException(message == null ? "the reason was left out" : message, null);
  }
}
