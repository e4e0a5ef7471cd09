package dev.memlane.storage.opensearch;

import dev.memlane.model.StoreException;
import org.jspecify.annotations.Nullable;

/** A request has no usable answer. */
final class UnansweredException extends StoreException {

  private final boolean sent;

  /**
   * @param sent whether the cluster may have received it
   */
  UnansweredException(String message, boolean sent, @Nullable Throwable cause) {
    super(message, cause);
    this.sent = sent;
  }

  /** Whether the cluster may have received the request, or receive it yet. */
  boolean isSent() {
    return sent;
  }

  @Override
  public UnansweredException copy() {
    return new UnansweredException(String.valueOf(getMessage()), sent, this);
  }
}
