package dev.memlane.model;

import org.jspecify.annotations.Nullable;

/**
 * What every exception of Memlane is: unchecked, with a message that says what happened and what to do about it.
 */
public abstract class MemlaneException extends RuntimeException {

  protected MemlaneException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /**
   * The same failure for another caller: an exception of the same type and message, with the calling thread's stack and this
   * one as its cause. One instance is never given to several callers, because whoever catches an exception may add to it, and
   * what is added to a shared one is never released.
   */
  public abstract MemlaneException copy();
}
