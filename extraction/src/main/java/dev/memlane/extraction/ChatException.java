package dev.memlane.extraction;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.model.MemlaneException;
import org.jspecify.annotations.Nullable;

/** A chat model gave no answer. The message says why, and contains neither a key nor what was asked. */
public final class ChatException extends MemlaneException {

  public ChatException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** Whether the provider refuses this very request, such as one that is too long, so that repeating it is no use. */
  public boolean isRefusal() {
    for (Throwable cause = getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof EndpointException endpoint) {
        return endpoint.failure() == Failure.REFUSED;
      }
    }
    return false;
  }

  @Override
  public ChatException copy() {
    return new ChatException(String.valueOf(getMessage()), this);
  }
}
