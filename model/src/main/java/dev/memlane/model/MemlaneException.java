package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/**
 * The superclass of all exceptions of Memlane: unchecked, with a message that says what happened and what to do.
 */
public abstract class MemlaneException extends RuntimeException {

  protected MemlaneException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /**
   * Copies the failure for another caller: an exception of the same type and message, with the calling thread's stack,
   * and with this one as its cause. Several callers never get the same instance, because a caller may add suppressed
   * exceptions to it, and a shared instance would accumulate them.
   */
  public abstract MemlaneException copy();
}
