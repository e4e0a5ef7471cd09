package dev.memlane.memory.tools;

/** Why a call can't be done as it was asked, for the model that asked: what is wrong, and what to do. */
final class BadArguments extends RuntimeException {

  BadArguments(String message) {
    super(message);
  }

  BadArguments(String message, Throwable cause) {
    super(message, cause);
  }
}
