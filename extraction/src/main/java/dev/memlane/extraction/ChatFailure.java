package dev.memlane.extraction;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.Failure;
import dev.memlane.endpoints.Reasons;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * How an attempt at an endpoint failed.
 *
 * @param why one line for people, without secrets
 * @param retryAfter how long the endpoint asks to be left alone; null if it doesn't say
 */
record ChatFailure(Failure failure, String why, @Nullable Duration retryAfter, @Nullable Throwable cause) {

  static ChatFailure of(@Nullable Throwable thrown) {
    Throwable cause = unwrap(thrown);
    if (cause instanceof EndpointException endpoint) {
      return new ChatFailure(endpoint.failure(), String.valueOf(endpoint.getMessage()),
          endpoint.retryAfter().orElse(null), endpoint);
    }
    return new ChatFailure(Failure.UNKNOWN, cause == null ? "it gave no answer" : Reasons.of(cause), null, cause);
  }

  static @Nullable Throwable unwrap(@Nullable Throwable thrown) {
    Throwable cause = thrown;
    while ((cause instanceof CompletionException || cause instanceof ExecutionException) && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
