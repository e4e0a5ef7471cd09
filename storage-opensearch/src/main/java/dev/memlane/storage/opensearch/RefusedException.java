package dev.memlane.storage.opensearch;

import dev.memlane.model.StoreException;
import org.jspecify.annotations.Nullable;

/** The cluster answered a request with an error. */
final class RefusedException extends StoreException {

  private final int status;
  private final String type;

  /**
   * @param status as in HTTP
   * @param type the cluster's name of the error, such as {@code mapper_parsing_exception}; empty if it has none
   */
  RefusedException(String message, int status, String type) {
    this(message, status, type, null);
  }

  private RefusedException(String message, int status, String type, @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
    this.type = type;
  }

  String type() {
    return type;
  }

  int status() {
    return status;
  }

  /** Whether what was requested is certainly not done; otherwise it may have been done, or be done yet. */
  boolean isCertain() {
    return status >= 300 && status < 500 && status != 408;
  }

  /** Whether the cluster had too much to do, so that the same request may succeed soon. */
  boolean isBusy() {
    // A full disk has this status too, and lasts.
    return status == 429 && !type.equals("cluster_block_exception");
  }

  @Override
  public RefusedException copy() {
    return new RefusedException(String.valueOf(getMessage()), status, type, this);
  }
}
