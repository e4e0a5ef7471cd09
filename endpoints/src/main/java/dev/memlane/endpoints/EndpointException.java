package dev.memlane.endpoints;

import dev.memlane.model.MemlaneException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The exception that a client fails with. Its {@link Failure} says what may be done about it. The message says what
 * happened and what to do, and contains no secret.
 */
public final class EndpointException extends MemlaneException {

  private static final int LONGEST_QUOTE = 300;

  private final Failure failure;
  private final @Nullable Duration retryAfter;

  public EndpointException(Failure failure, String message, @Nullable Throwable cause) {
    this(failure, message, null, cause);
  }

  /** @param retryAfter how long the endpoint asks to be left alone; null if it doesn't say */
  public EndpointException(Failure failure, String message, @Nullable Duration retryAfter, @Nullable Throwable cause) {
    super(message, cause);
    this.failure = failure;
    this.retryAfter = retryAfter;
  }

  /** Makes foreign text fit for a message: one line of at most 300 characters, so that it can't forge log lines. */
  public static String quote(String text) {
    String line = text.replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}\\s]+", " ").strip();
    return line.length() <= LONGEST_QUOTE ? line : line.substring(0, LONGEST_QUOTE) + "...";
  }

  @Override
  public EndpointException copy() {
    return new EndpointException(failure, String.valueOf(getMessage()), retryAfter, this);
  }

  public Failure failure() {
    return failure;
  }

  /** How long the endpoint asks to be left alone, if it says. */
  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }
}
